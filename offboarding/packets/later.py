"""What happened after the newest packet of a closed removal was ordered, so that no packet tells of it. Reads only.

A sealed packet never changes. What comes later (a look that finds access again, the last look, the end of a rotation, a
file, a letter, an event in the audit trail) is told by the next version, which names the one before it.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery

from offboarding.execution.models import Proof, Run
from offboarding.execution.rules import Seen
from offboarding.ledger.rules import iso
from offboarding.letters.models import Delivery
from offboarding.letters.rules import TITLES, Kind
from offboarding.packets.models import Packet
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.verification.models import Finding, Trace
from offboarding.verification.trail import found as says
from offboarding.work.rules import ENDED, State

# Rows of a plan that closing did not wait for: those without a date of their own, and those with one.
LEFT = Q(item__blocks_closing=False, item__at="") & ~Q(item__step="packet.seal")
DATED = ~Q(item__at="")


def closed() -> QuerySet[RemovalRequest]:
    """With `told`: up to when a packet tells. Removals whose newest packet is not sealed yet wait for it."""
    newest = Packet.objects.filter(removal=OuterRef("pk")).order_by().values("removal")
    told = Subquery(newest.annotate(last=Max("created_at")).values("last"))
    open_ = Packet.objects.filter(removal=OuterRef("pk")).exclude(state=State.DONE)
    found = RemovalRequest.objects.filter(stage=Stage.CLOSED).exclude(Exists(open_))
    return found.annotate(told=told).exclude(told=None)


def untold() -> QuerySet[RemovalRequest]:
    """Closed removals with something that no packet tells of."""
    runs = Run.objects.filter(item__plan__removal=OuterRef("pk"), ended_at__gt=OuterRef("told"))
    seen = Finding.objects.filter(AGAIN, at__gt=OuterRef("told"), **{REMOVAL: OuterRef("pk")})
    files = Proof.objects.filter(
        Q(added_at__gt=OuterRef("told")) | Q(withdrawn_at__gt=OuterRef("told")),
        run__item__plan__removal=OuterRef("pk"),
    )
    letters = Delivery.objects.filter(
        Q(sent_at__gt=OuterRef("told")) | Q(word_at__gt=OuterRef("told")), letter__removal=OuterRef("pk")
    )
    ended = runs.filter(LEFT | DATED)
    traces = Trace.objects.filter(at__gt=OuterRef("told"), run__item__plan__removal=OuterRef("pk"))
    return closed().filter(Exists(ended) | Exists(seen) | Exists(files) | Exists(letters) | Exists(traces))


REMOVAL = "attempt__run__item__plan__removal"
# A look weeks later that found access.
AGAIN = Q(seen=Seen.PRESENT.value) & ~Q(attempt__run__item__at="")


def news(removal: RemovalRequest) -> list[str]:
    """A sentence for each thing that a new version would tell, in their order; empty if none is due.

    Steps of one kind are told together, once the last of them has ended.
    """
    found = getattr(untold().filter(pk=removal.pk).first(), "told", None)
    if found is None:
        return []
    runs = Run.objects.filter(item__plan__removal=removal).select_related("item").order_by("item__number")
    return [*back(removal, found), *ended(runs.filter(LEFT), found), *ended(runs.filter(DATED), found),
            *traces(removal, found), *files(removal, found), *letters(removal, found)]  # fmt: skip


def back(removal: RemovalRequest, told: object) -> Iterable[str]:
    seen = Finding.objects.filter(AGAIN, at__gt=told, **{REMOVAL: removal})
    for each in seen.select_related("attempt__run__item__workspace"):
        place = each.attempt.run.item.workspace
        yield f"{iso(each.at)}: access is there again. {place.name if place else ''}: {each.says}."


def ended(runs: QuerySet[Run], told: object) -> Iterable[str]:
    if runs.exclude(state__in=ENDED).exists():
        return
    for run in runs.filter(ended_at__gt=told):
        yield f"{iso(run.ended_at)}: step {run.item.number} ended. {run.item.title}." if run.ended_at else ""


def traces(removal: RemovalRequest, told: object) -> Iterable[str]:
    """By kind and by whom in general: an event's own words may name somebody."""
    came = Trace.objects.filter(run__item__plan__removal=removal, at__gt=told)
    for trace in came.select_related("run__item__workspace"):
        place = trace.run.item.workspace
        yield (
            f"{iso(trace.at)}: an event of the removal came late. {place.name if place else ''}: {says([trace.event])}."
        )


def files(removal: RemovalRequest, told: object) -> Iterable[str]:
    """By number alone: the name of a file may name somebody, and this sentence goes into the ledger."""
    proofs = Proof.objects.filter(run__item__plan__removal=removal).annotate(number=F("run__item__number"))
    for proof in proofs.filter(added_at__gt=told):
        yield f"{iso(proof.added_at)}: a file was added to step {proof.run.item.number}."
    for proof in proofs.filter(withdrawn_at__gt=told):
        if proof.withdrawn_at:
            yield f"{iso(proof.withdrawn_at)}: a file was taken off step {proof.run.item.number}."


def letters(removal: RemovalRequest, told: object) -> Iterable[str]:
    """By kind alone: an address would go into the ledger."""
    copies = Delivery.objects.filter(letter__removal=removal).select_related("letter").order_by("pk")
    for copy in copies.filter(sent_at__gt=told):
        yield (
            f"{iso(copy.sent_at)}: a letter went out. {TITLES[Kind(copy.letter.kind)]}."
            if copy.sent_at
            else ""
        )
    for copy in copies.filter(word_at__gt=told):
        if copy.word_at:
            yield f"{iso(copy.word_at)}: it was noted how a letter arrived. {TITLES[Kind(copy.letter.kind)]}."
