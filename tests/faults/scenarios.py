"""How each kind of slow work comes to where it is next. A kind without an entry here fails the case, by name.

An entry prepares a removal in the demo's workspaces until the row is due and nobody has worked on it. A new kind of step
needs one line here and one in `truths.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from offboarding.discovery import actions as discovery
from offboarding.discovery.models import Look
from offboarding.execution.models import Run
from offboarding.execution.steps import OWN, STEPS
from offboarding.packets.models import Packet
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.work import desks
from offboarding.work.rules import ENDED
from tests.faults import crew

DAN = "dan@northwind.example"


@dataclass(frozen=True)
class Target:
    """One row of one desk, or one schedule."""

    kind: str
    pk: int = 0

    def drive(self) -> None:
        """Turn after turn until it rests; a schedule runs a few times."""
        if self.kind in desks.DESKS:
            crew.turns(self.kind, self.pk)
        else:
            for _ in range(3):
                desks.SCHEDULES[self.kind].run()


Prepare = Callable[[], Target]


def running(slug: str, choice: str = "remove", reason: str = "contract-ended") -> RemovalRequest:
    """Dan's removal from this workspace, found by real looks, approved and begun."""
    crew.look([DAN], [slug])
    return crew.start(DAN, {slug: choice}, reason)


def step(code: str, slug: str, choice: str = "remove", at: str = "") -> Prepare:
    """The first line of the checklist with this step is due."""

    def prepare() -> Target:
        return Target("execution.Run", crew.until_due(running(slug, choice), code, at).pk)

    return prepare


def asked_to_look() -> Target:
    discovery.ask(crew.user("alice"), [DAN], [crew.workspace("acme-staging")])
    return Target("discovery.Look", Look.objects.get().pk)


def closed() -> Target:
    removal = running("acme-staging")
    for _ in range(60):
        crew.skip_manual(crew.waiting_for_people())
        crew.skip_audit_events()
        for pk in Run.objects.exclude(state__in=ENDED).filter(item__at="").values_list("pk", flat=True):
            crew.one_turn("execution.Run", pk)
        crew.journey.advance(removal.pk)
        removal.refresh_from_db()
        if removal.stage == Stage.CLOSED:
            return Target("packets.Packet", Packet.objects.get().pk)
    raise AssertionError("the removal does not close")


def with_news() -> Target:
    running("acme-staging")
    desks.SCHEDULES["notifications"].run()
    crew.hurry()
    return Target("notifications.Message", desks.DESKS["notifications.Message"].due(1)[0])


def approved() -> Target:
    crew.look([DAN], ["acme-staging"])
    crew.decide(crew.file(DAN, {"acme-staging": "remove"}))
    return Target("journey")


def schedule(name: str) -> Prepare:
    def prepare() -> Target:
        running("acme-staging")
        return Target(name)

    return prepare


SCENARIOS: dict[str, Prepare] = {
    "segment.remove_member": step("segment.remove_member", "acme-staging"),
    "segment.cancel_invitation": step("segment.cancel_invitation", "acme-eu"),
    "segment.leave_group": step("segment.leave_group", "acme-analytics"),
    "segment.downgrade": step("segment.downgrade", "acme-staging", "downgrade"),
    "verify.place": step("verify.place", "acme-staging"),
    "verify.audit_events": step("verify.audit_events", "acme-staging"),
    "verify.measure_before": step("verify.measure_before", "acme-staging"),
    "verify.measure_after": step("verify.measure_after", "acme-staging"),
    "before.snapshot": step("before.snapshot", "acme-staging"),
    "discovery.Look": asked_to_look,
    "packets.Packet": closed,
    "notifications.Message": with_news,
    "journey": approved,
    "notifications": schedule("notifications"),
    "ledger.checkpoint": schedule("ledger.checkpoint"),
}


def kinds() -> list[str]:
    """Everything slow that there is: steps, the other rows that somebody works on, and what runs by the clock."""
    return [*STEPS, *OWN, *(kind for kind in desks.DESKS if kind != "execution.Run"), *desks.SCHEDULES]


def without_scenario() -> list[str]:
    return [
        f"tests/faults/scenarios.py has no scenario for {kind}, so nobody knows whether it survives being killed"
        for kind in kinds()
        if kind not in SCENARIOS
    ]
