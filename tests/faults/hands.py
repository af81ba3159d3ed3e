"""What people do about steps that wait for them, through the real verbs: keys handed over, doubts decided, tries asked for."""

from __future__ import annotations

from collections import Counter

from offboarding.execution import actions as execution
from offboarding.execution.models import Run
from offboarding.execution.rotation import actions as rotation
from offboarding.execution.rotation import queries as rotations
from offboarding.execution.rotation.rules import CONFIRM, HAND_OVER
from offboarding.execution.rules import Cause
from offboarding.lib.refusals import Refused
from offboarding.packets import actions as packets
from offboarding.packets.models import Packet
from offboarding.work.rules import State
from tests.faults import crew

# The trail of a workspace may tell of a removal too late, or not at all where somebody else was faster.
SKIPPED = (Cause.NO_EVENT, Cause.FELL)


class Hands:
    """Olga's. `done` counts what she did, by what it was."""

    def __init__(self) -> None:
        self.done = Counter[str]()

    def says(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in self.done.most_common())

    def answer(self) -> int:
        """Everything that waits for a person now. How many steps moved."""
        moved = sum(self.one(run) for run in crew.waiting_for_people().order_by("pk"))
        return moved + sum(self.seal(packet) for packet in Packet.objects.filter(state=State.NEEDS_PERSON))

    def seal(self, packet: Packet) -> bool:
        packets.make_again(packet, crew.user("olga"))
        self.done["packet sealed again"] += 1
        return True

    def one(self, run: Run) -> bool:
        try:
            what = self.by_hand(run) if run.manual else self.stopped(run)
        except Refused:
            return False  # it moved on meanwhile, or its turn has not come
        self.done[what] += bool(what)
        return bool(what)

    def by_hand(self, run: Run) -> str:
        olga = crew.user("olga")
        if run.item.code not in (HAND_OVER, CONFIRM):
            execution.skip(run, olga, "not part of this trial")
            return "skipped"
        if run.item.code == HAND_OVER:
            execution.assign(run, olga, olga)
            run.refresh_from_db()
            seen = rotations.adding(run)
            secret = seen and rotations.new_secret(seen)
            if secret and not secret.revealed_at:
                rotation.reveal(run, olga, "password")
                run.refresh_from_db()
        execution.sign_off(run, olga, attested=True, note="in the vault")
        return "signed off"

    def stopped(self, run: Run) -> str:
        """An automated step with a cause."""
        olga = crew.user("olga")
        if run.cause in SKIPPED:
            execution.skip(run, olga, "not part of this trial")
            return f"skipped: {run.cause}"
        if run.cause == Cause.DOUBT and run.item.step == rotations.ADD:
            return self.doubt(run)
        cause = run.cause
        execution.retry(run, olga)
        return f"tried again: {cause}"

    def doubt(self, run: Run) -> str:
        """Our key was never there: another one. More than one that appeared would be somebody else's, and none is here."""
        if rotations.newest_look(run).get("fresh"):
            return ""
        rotation.add_all_the_same(run, crew.user("olga"))
        return "another key"
