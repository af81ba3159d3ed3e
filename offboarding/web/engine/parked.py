"""What stopped and nobody works on, within the reader's sight; of the rest only how many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Value
from django.utils.translation import gettext as _

from offboarding.directory.again import moved_meanwhile
from offboarding.web.cards import ActCard, ConfirmCard, FactCard
from offboarding.web.engine.stopped import KINDS, Kind, Line, Reader
from offboarding.work.models import Order

AT_MOST = 10  # of each kind
URL = "/setup/engine/"


@dataclass(frozen=True, slots=True)
class Parked:
    """`act` is None where a new try is not asked for here, or not by this person."""

    id: str
    title: str
    says: str
    url: str = ""
    act: ActCard | None = None

    @property
    def act_id(self) -> str:
        return f"{self.id}-again"


def count() -> int:
    """Of all clients. One query."""
    every = [
        kind.model._default_manager.order_by().filter(kind.stopped).values_list(Value(kind.name), "pk")
        for kind in KINDS.values()
    ]
    first, *rest = every
    return first.union(*rest, all=True).count()


def parked(reader: Reader) -> list[Parked]:
    """Some of each kind. The number of queries does not grow with the rows."""
    return [shown for kind in KINDS.values() for shown in shown_of(kind, reader)]


def shown_of(kind: Kind, reader: Reader) -> Iterator[Parked]:
    for row in kind.seen(reader).filter(kind.stopped).order_by("pk")[:AT_MOST]:
        line = kind.line(reader, row)
        yield Parked(f"{kind.name}-{row.pk}", line.title, line.says, line.url, act(kind, row, line))


def act(kind: Kind, row: Order, line: Line) -> ActCard | None:
    """What may happen twice is read first, on a page of its own."""
    if not line.may:
        return None
    label, url = line.again or _("Try again"), line.retry_url or again_url(kind, row)
    if line.twice:
        return ActCard(label, url)
    return ActCard(label, url, post=True, hidden=(("fence", str(row.fence)),))


def again_url(kind: Kind, row: Order) -> str:
    return f"{URL}{kind.name}/{row.pk}/again/"


def confirm_card(kind: Kind, row: Order, line: Line) -> ConfirmCard:
    label = line.again or _("Try again")
    return ConfirmCard(
        title=line.title,
        effects=(line.twice or _("It is taken up again at once."),),
        act=ActCard(label, again_url(kind, row), "main", hidden=(("fence", str(row.fence)),)),
        back_url=URL,
        facts=(FactCard(_("Why it stopped"), line.says),),
    )


def try_again(kind: Kind, reader: Reader, row: Order, fence: str) -> None:
    """Raises Refused if it is not as the person saw it."""
    assert kind.again
    waits = kind.model._default_manager.filter(kind.stopped, pk=row.pk).exists()
    if not waits or fence != str(row.fence):
        raise moved_meanwhile()
    kind.again(reader, row)
