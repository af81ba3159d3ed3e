"""The report of a packet, for people."""

from pathlib import Path

from offboarding.lib import typesetting
from offboarding.packets.contents import PacketContents
from offboarding.packets.report.data import report_data

_TEMPLATE = (Path(__file__).parent / "report.typ").read_bytes()


def render(contents: PacketContents, key_id: str) -> bytes:
    """The PDF. `key_id` is the fingerprint of the key that will sign the packet. Same contents, same bytes."""
    return typesetting.render(_TEMPLATE, report_data(contents, key_id))
