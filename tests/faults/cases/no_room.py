"""No room for evidence, or for a packet: before a look, between a call and its row, and while the packet is written.

Meanwhile no row says stored, nothing is called done, and the row says in words what it waits for. When there is room again
everything goes on by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from offboarding.evidence.models import Evidence
from offboarding.execution.models import Run
from offboarding.gateways.wire import Wire
from offboarding.packets.models import Packet
from offboarding.work.rules import ENDED, State
from tests.faults import crew
from tests.faults.case import Case, Given, Measured
from tests.faults.invariants import FALSE_GONE, FILES, LOST, TWICE, Verdict, check
from tests.faults.rooms import Full, ReadOnly, Room, room
from tests.faults.scenarios import closed, running

TURNS = 5  # more than the crashes after which a row is parked
STEP = "segment.remove_member"


@contextmanager
def after_a_call(method: str, act: Callable[[], None]) -> Iterator[None]:
    """`act` once, right after a call of that kind was answered."""
    real, left = Wire.send, [1]

    def send(wire: Wire, how: str, *rest: Any) -> Any:
        answer = real(wire, how, *rest)
        if how == method and left:
            left.clear()
            act()
        return answer

    setattr(Wire, "send", send)  # noqa: B010
    try:
        yield
    finally:
        setattr(Wire, "send", real)  # noqa: B010


def before_a_look(place: Room) -> list[str]:
    run = crew.until_due(running("acme-staging"), STEP)
    place.take()
    return turned(run, State.WAITING)


def after_the_call(place: Room) -> list[str]:
    run = crew.until_due(running("acme-staging"), STEP)
    with after_a_call("DELETE", place.take):
        return turned(run, State.UNKNOWN)


def turned(run: Run, state: State) -> list[str]:
    """It does not move, and says why."""
    kept = Evidence.objects.count()
    for _ in range(TURNS):
        crew.one_turn("execution.Run", run.pk)
    run.refresh_from_db()
    wrong = [] if run.state == state else [f"it is {run.state}, not {state}"]
    if "cannot be stored" not in run.waiting_for:
        wrong.append(f"it says: {run.waiting_for!r} {run.sentence!r}")
    if Evidence.objects.count() - kept > (state == State.UNKNOWN):
        wrong.append("a row says stored")
    return wrong


def a_look(place: Room) -> list[str]:
    """Finding what somebody holds."""
    from tests.faults.scenarios import asked_to_look

    target = asked_to_look()
    place.take()
    for _ in range(TURNS):
        row = crew.one_turn(target.kind, target.pk)
    told = row.state == State.WAITING and "cannot be stored" in row.waiting_for
    return [] if told else [f"the look is {row.state}: {row.waiting_for!r}"]


def a_packet(place: Room) -> list[str]:
    target = closed()
    place.take()
    for _ in range(TURNS):
        row = crew.one_turn(target.kind, target.pk)
    half = [path.name for path in place.folder.glob("*.zip")] if place.folder.is_dir() else []
    told = row.state == State.WAITING and "could not be written" in row.waiting_for
    return [f"there is {name}" for name in half] + (
        [] if told else [f"it is {row.state}: {row.waiting_for!r}"]
    )


MOMENTS: tuple[tuple[str, str, Callable[[Room], list[str]]], ...] = (
    ("before a look", "evidence", before_a_look),
    ("between a call and its row", "evidence", after_the_call),
    ("while finding access", "evidence", a_look),
    ("while a packet is written", "packets", a_packet),
)


def trial(given: Given, kind: type[Room], moment: int, verdict: Verdict) -> str:
    where, name, act = MOMENTS[moment]
    given.world.put_back("empty")
    folder = Path(settings.EVIDENCE_ROOT if name == "evidence" else settings.PACKET_ROOT)
    with room(kind, folder) as place:
        wrong = act(place)
        said = f"{place.says} {where}"
        place.give_back()
        crew.everything()
    verdict.add(LOST, [f"{said}: {sentence}" for sentence in (*wrong, *left())])
    verdict.merge(check(given.world), said)
    return said


def left() -> Iterator[str]:
    """What should have gone on by itself."""
    for run in Run.objects.filter(item__step=STEP, item__at="").exclude(state=State.DONE):
        yield f"with room again the removal is {run.state} {run.cause}"
    for packet in Packet.objects.exclude(state__in=ENDED):
        yield f"with room again the packet is {packet.state}: {packet.trouble}"


def run(given: Given) -> Measured:
    verdict, said = Verdict(), []
    given.world.keep("empty")
    for kind in (Full, ReadOnly):
        for moment in range(len(MOMENTS)):
            if given.long or kind is Full:
                said.append(trial(given, kind, moment, verdict))
    return Measured(
        "; ".join(said),
        f"{verdict.says(LOST, FALSE_GONE, TWICE, FILES)}; each went on by itself",
        verdict.faults,
    )


CASE = Case(10, "disk full or read-only while evidence or a packet is written", run)
