"""What the audit log shows: lines, one entry, and how the chain stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from offboarding.ledger.models import Checkpoint, Entry, Stamp
from offboarding.lib import canonical
from offboarding.reports.models import Check
from offboarding.web.audit import words
from offboarding.web.cards import ActCard, CodeCard, FactCard, NoticeCard, TimeCard
from offboarding.web.removal.clock import Clock

URL = "/audit/"


@dataclass(frozen=True, slots=True)
class EntryRow:
    seq: str
    url: str
    time: TimeCard
    actor: str
    says: str
    about: str
    about_url: str
    about_name: str
    event: str


def row(entry: Entry, clock: Clock, names: Mapping[str, str]) -> EntryRow:
    return EntryRow(
        seq=number_format(entry.seq, use_l10n=True, force_grouping=True),
        url=f"{URL}{entry.seq}/",
        time=clock.time(entry.at, seconds=True, utc=True),
        actor=words.actor_of(entry),
        says=words.says(entry),
        about=entry.about,
        about_url=about_url(entry.about),
        about_name=names.get(entry.about, ""),
        event=entry.event,
    )


def rows(entries: Iterable[Entry], clock: Clock, names: Mapping[str, str]) -> tuple[EntryRow, ...]:
    return tuple(row(entry, clock, names) for entry in entries)


def about_url(about: str) -> str:
    return f"/requests/{about}/" if about.startswith("R-") else ""


def counted(number: int) -> str:
    return str(number_format(number, force_grouping=True))


def stamped(stamp: Stamp | None, why_not: str, clock: Clock) -> str:
    """What an authority outside says of the time; empty where none is named and none ever was."""
    told = []
    if stamp:
        words = {"at": clock.says(stamp.at), "size": counted(stamp.checkpoint.size)}
        told.append(_("A time stamping authority saw %(size)s entries signed, %(at)s.") % words)
    if why_not:
        told.append(_("The newest checkpoint is not stamped yet, because %(why)s.") % {"why": why_not})
    return "".join(f" {each}" for each in told)


def chain(
    check: Check | None, under_way: bool, newest: int, made: Checkpoint | None, stamps: str, clock: Clock
) -> NoticeCard:
    """How the ledger stands, as far as the last walk over it knows. `stamps` is said after what is signed."""
    signed = (
        _("The newest signed checkpoint covers %(size)s entries, %(at)s.")
        % {"size": counted(made.size), "at": clock.says(made.at)}
        if made
        else _("Nothing is signed yet; that happens every hour.")
    )
    signed += stamps
    going = f" {_('A check is under way.')}" if under_way else ""
    if check is None or check.ended_at is None:
        return NoticeCard("neutral", _("Not checked yet"), f"{signed}{going}", id="chain")
    at = clock.says(check.ended_at)
    if check.says:
        text = _(
            "Found %(at)s: %(says)s. Somebody changed the record, or the disk did. Tell security and whoever runs the "
            "database, and compare with a checkpoint that was kept elsewhere."
        ) % {"at": at, "says": check.says}
        return NoticeCard("bad", _("The ledger is broken"), f"{text}{going}", id="chain")
    title = _("Unbroken to entry %(n)s, checked %(at)s") % {"n": counted(check.entries), "at": at}
    newer = max(0, newest - check.entries)
    since = f"{_('%(n)s entries came since.') % {'n': counted(newer)}} " if newer else ""
    return NoticeCard("ok", title, f"{since}{signed}{going}", id="chain")


def facts(entry: Entry, clock: Clock) -> tuple[FactCard, ...]:
    told = canonical.loads(bytes(entry.body))
    said = tuple(f"{name}: {value}" for name, value in told["facts"].items()) or _("none")
    names = words.names_of(entry)
    beside = tuple(f"{name}: {value}" for name, value in names.items() if name != "actor")
    return (
        FactCard(_("When"), clock.time(entry.at, seconds=True, utc=True)),
        FactCard(_("Who"), words.actor_of(entry), note=f"{entry.actor_kind} {entry.actor_id}"),
        FactCard(_("What"), words.says(entry), note=entry.event),
        FactCard(_("About"), entry.about or _("no request")),
        FactCard(_("Facts"), said),
        *((FactCard(_("Names"), beside, note=_("They stand apart; the entry holds their salted digests.")),) if beside else ()),
        FactCard(_("Hash of this entry"), CodeCard(entry.hash)),
        FactCard(_("Hash of the entry before"), CodeCard(told["prev"])),
    )  # fmt: skip


def signed(entry: Entry, made: Checkpoint | None, clock: Clock) -> NoticeCard:
    if made is None:
        text = _("The next one does, within the hour. Then a proof can be downloaded here.")
        return NoticeCard("waiting", _("No signed checkpoint covers this entry yet"), text)
    text = _(
        "The proof shows that this entry is among the %(size)s entries which were signed %(at)s. Check it offline."
    ) % {"size": counted(made.size), "at": clock.says(made.at)}
    act = ActCard(_("Download proof"), f"{URL}{entry.seq}/proof.json", "quiet")
    return NoticeCard("ok", _("Signed"), text, act)
