"""What the evidence pages show: rows of the list, one packet, what is missing before it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils import dateformat
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.evidence.models import Evidence
from offboarding.execution.models import Run
from offboarding.lib.typed import whole
from offboarding.packets.contents import STAMP
from offboarding.packets.models import Packet
from offboarding.packets.reader import Opened
from offboarding.packets.report.instructions import Command, commands
from offboarding.removals.models import RemovalRequest
from offboarding.web.cards import ActCard, CodeCard, FactCard, PagerCard, TabCard, TabsCard, TimeCard
from offboarding.web.evidence.downloads import ADDRESSES
from offboarding.work.rules import State

ROWS = 50
ITEMS = 25
VERSIONS = 50


@dataclass(frozen=True, slots=True)
class PacketRow:
    ref: str
    url: str
    person: str
    address: str
    clients: str
    places: str
    sealed: TimeCard
    items: int
    size: str
    download: str


@dataclass(frozen=True, slots=True)
class UnsealedRow:
    ref: str
    url: str
    person: str
    says: str


@dataclass(frozen=True, slots=True)
class FileRow:
    number: int
    name: str
    url: str
    shows: str
    source: str
    by: str
    taken: str
    iso: str
    hash: CodeCard


@dataclass(frozen=True, slots=True)
class DownloadRow:
    name: str
    url: str
    says: str
    size: str


@dataclass(frozen=True, slots=True)
class CommandRow:
    code: CodeCard
    says: str


@dataclass(frozen=True, slots=True)
class MissingRow:
    number: int
    name: str
    url: str
    says: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    number: int
    url: str
    download: str
    sealed: TimeCard
    because: tuple[str, ...]
    hash: CodeCard
    here: bool
    newest: bool


@dataclass(frozen=True, slots=True)
class PacketCard:
    ref: str
    title: str
    version: int
    newer_url: str
    versions: tuple[VersionRow, ...]
    request_url: str
    check_url: str
    sealed: TimeCard
    keep_until: str
    items: str
    acts: tuple[ActCard, ...]
    facts: tuple[FactCard, ...]
    filters: TabsCard | None
    files: tuple[FileRow, ...]
    pager: PagerCard | None
    downloads: tuple[DownloadRow, ...]
    commands: tuple[CommandRow, ...]


def packet_row(packet: Packet, zone: tzinfo, now: datetime) -> PacketRow:
    """`packet` comes with its removal and the removal's places."""
    assert packet.sealed_at
    removal = packet.removal
    places = list(removal.places.all())
    url = f"/evidence/{removal.reference}/"
    return PacketRow(
        ref=removal.reference,
        url=url,
        person=removal.person_name or removal.email,
        address=removal.email if removal.person_name else "",
        clients=", ".join(sorted({place.workspace.client.name for place in places})),
        places=ngettext("%(n)d workspace", "%(n)d workspaces", len(places)) % {"n": len(places)},
        sealed=TimeCard.of(packet.sealed_at, zone, now),
        items=packet.items,
        size=filesizeformat(packet.size),
        download=f"{url}{ADDRESSES['packet']}",
    )


def unsealed_row(removal: RemovalRequest) -> UnsealedRow:
    says = (
        _("Closed; the packet is being made.") if removal.closed_at else _("Running; steps are still open.")
    )
    url = f"/evidence/{removal.reference}/"
    return UnsealedRow(removal.reference, url, removal.person_name or removal.email, says)


def missing_row(removal: RemovalRequest, run: Run) -> MissingRow:
    number = run.item.number
    words = {State.NEEDS_PERSON: _("Needs a person"), State.WAITING: run.waiting_for or _("Waiting")}
    says = words.get(State(run.state)) or _("Under way")
    return MissingRow(number, run.item.title, f"/requests/{removal.reference}/steps/{number}/", says)


def packet_card(
    packet: Packet,
    opened: Opened,
    links: Mapping[str, int],
    query: Mapping[str, str],
    zone: tzinfo,
    now: datetime,
    versions: Sequence[Packet],
    base: str = "",
) -> PacketCard:
    """One sealed packet. What it holds is told by its own record; `links` leads from SHA-256 to our row of the file.

    `versions` are all of the same removal, the newest first. `base` is where its downloads are, if not at home.
    """
    assert packet.sealed_at
    home = f"/evidence/{packet.removal.reference}/"
    record, base = opened.record(), base or address_of(packet, versions)
    rows = [file_row(each, links, home) for each in record["evidence"]]
    filters, chosen = by_source(rows, query.get("from", ""), base)
    first = page_start(query.get("start", ""), len(chosen), ITEMS)
    source = whole(query.get("from", "")) if filters else None
    more = "" if source is None else f"from={source}&"
    return PacketCard(
        ref=packet.removal.reference,
        title=str(record["title"]),
        version=packet.version,
        newer_url=home if packet != versions[0] else "",
        versions=tuple(version_row(each, packet, versions, zone, now) for each in versions[:VERSIONS]),
        request_url=f"/requests/{packet.removal.reference}/",
        check_url=f"{home}check/#check",
        sealed=TimeCard.of(packet.sealed_at, zone, now, utc=True),
        keep_until=dateformat.format(packet.keep_until, "j M Y") if packet.keep_until else "",
        items=ngettext("%(n)d item", "%(n)d items", len(rows)) % {"n": len(rows)},
        acts=(
            ActCard(_("Download packet"), base + ADDRESSES["packet"], "main", icon="evidence"),
            ActCard(_("Report (PDF)"), base + ADDRESSES["report"], "quiet"),
        ),
        facts=facts(packet, record),
        filters=filters,
        files=tuple(chosen[first : first + ITEMS]),
        pager=pager(first, len(chosen), ITEMS, lambda start: f"{base}?{more}start={start}#evidence"),
        downloads=downloads(opened, base),
        commands=tuple(command_row(each) for each in commands(opened.name, f"data/{STAMP}" in opened.bag)),
    )


def address_of(packet: Packet, versions: Sequence[Packet]) -> str:
    """The newest version has the address that people keep; each earlier one has its own."""
    home = f"/evidence/{packet.removal.reference}/"
    return home if packet == versions[0] else f"{home}v{packet.version}/"


def version_row(
    each: Packet, here: Packet, versions: Sequence[Packet], zone: tzinfo, now: datetime
) -> VersionRow:
    assert each.sealed_at
    base = f"/evidence/{here.removal.reference}/v{each.version}/"
    return VersionRow(
        number=each.version,
        url=base,
        download=base + ADDRESSES["packet"],
        sealed=TimeCard.of(each.sealed_at, zone, now, utc=True),
        because=tuple(each.because.splitlines()) or (_("Sealed when the request was closed."),),
        hash=CodeCard.hash(each.bag_sha256),
        here=each == here,
        newest=each == versions[0],
    )


def facts(packet: Packet, record: Mapping[str, Any]) -> tuple[FactCard, ...]:
    person = record["person"]
    return (
        FactCard(_("Person"), (person["name"], *person["addresses"]) if person["name"] else tuple(person["addresses"])),
        FactCard(_("Clients"), ", ".join(record["clients"])),
        FactCard(_("Asked by"), record["requester"]),
        FactCard(_("Reason"), " · ".join(filter(None, (record["reason"], record["ticket"])))),
        FactCard(_("Plan approved"), CodeCard.hash(record["plan_fingerprint"]),
                 note=_("Version %(n)d. Each approval carries this fingerprint.") % {"n": record["plan_version"]}),
        FactCard(_("Packet, SHA-256"), CodeCard(packet.sha256)),
        FactCard(_("Bag, SHA-256"), CodeCard(packet.bag_sha256), note=_("The signature stands over this one.")),
        FactCard(_("Signing key"), CodeCard(packet.key_id),
                 note=_("Compare it with the fingerprint that you were given in another way.")),
    )  # fmt: skip


def file_row(each: Mapping[str, Any], links: Mapping[str, int], base: str) -> FileRow:
    source = str(each["source"]).partition(": ")[0]
    taken = parse_datetime(each["taken_at"])
    pk = links.get(each["sha256"])
    return FileRow(
        number=each["number"],
        name=each["name"],
        url=f"{base}files/{pk}/" if pk else "",
        shows=each["shows"],
        source=source,
        by=each["taken_by"] if source == Evidence.Source.PERSON.label else source,
        taken=taken.strftime("%Y-%m-%d %H:%M") if taken else each["taken_at"],
        iso=each["taken_at"],
        hash=CodeCard.hash(each["sha256"]),
    )


def by_source(rows: Sequence[FileRow], wanted: str, base: str) -> tuple[TabsCard | None, list[FileRow]]:
    """Filter links by where a file comes from, where there are several, and the rows that are left."""
    sources = list(dict.fromkeys(row.source for row in rows))
    if len(sources) < 2:
        return None, list(rows)
    wanted = wanted if wanted in {str(n) for n in range(1, len(sources) + 1)} else ""
    counts = [sum(row.source == source for row in rows) for source in sources]
    tabs = [TabCard(_("All"), f"{base}#evidence", not wanted, len(rows))]
    for n, (source, count) in enumerate(zip(sources, counts, strict=True), start=1):
        tabs.append(TabCard(source, f"{base}?from={n}#evidence", wanted == str(n), count))
    left = [row for row in rows if not wanted or row.source == sources[int(wanted) - 1]]
    return TabsCard(_("Evidence by source"), tuple(tabs), "filters"), left


def page_start(given: str, total: int, rows: int) -> int:
    """Where the page begins: a whole number of pages, within the list."""
    start = whole(given, digits=6) or 0
    return start // rows * rows if start < total else 0


def pager(first: int, total: int, rows: int, address: Callable[[int], str]) -> PagerCard | None:
    """Nothing where one page is enough. `address` gives the page that starts at a row."""
    if total <= rows:
        return None
    last = min(first + rows, total)
    return PagerCard(
        newer_url=address(first - rows) if first else "",
        older_url=address(last) if last < total else "",
        text=_("%(first)d to %(last)d of %(total)d") % {"first": first + 1, "last": last, "total": total},
    )


def downloads(opened: Opened, base: str) -> tuple[DownloadRow, ...]:
    name = opened.name
    told = {
        "packet": (f"{name}-packet.zip", _("Everything: the bag, its digest line, the signature, the key, a program."),
                   opened.path.stat().st_size),
        "report": (f"{name}-report.pdf", _("The report for people, PDF/A, as it stands in the bag."),
                   opened.bag["data/report.pdf"].size),
        "bag": (f"{name}.zip", _("The bag (BagIt 1.0): report, data, evidence, ledger entries."), opened.bag_part.size),
        "digest": (f"{name}.zip.sha256", _("One line with the SHA-256 of the bag."),
                   opened.beside[f"{name}.zip.sha256"].size),
        "signature": (f"{name}.zip.sha256.sig", _("The Ed25519 signature over that line."),
                      opened.beside[f"{name}.zip.sha256.sig"].size),
        "key": ("signing-key.pem", _("The public key that made the signature."), opened.beside["signing-key.pem"].size),
        "program": ("verify.py", _("Checks all of it; needs nothing but Python."), opened.beside["verify.py"].size),
    }  # fmt: skip
    return tuple(
        DownloadRow(file, base + ADDRESSES[part], says, filesizeformat(size))
        for part, (file, says, size) in told.items()
    )


def command_row(each: Command) -> CommandRow:
    return CommandRow(CodeCard(each.run), each.says)
