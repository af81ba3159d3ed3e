"""Writing down what a run is about to do and what came of it. Each row is committed by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from time import monotonic
from typing import Any

import structlog
from django.db import transaction
from django.db.models.functions import Now

from offboarding import spelled
from offboarding.discovery.pages import pages_told
from offboarding.discovery.read import raw_record
from offboarding.evidence.actions import Stored, stored_json, write_json
from offboarding.evidence.models import Evidence
from offboarding.execution.models import Attempt, Run
from offboarding.execution.queries import attempts_of, history_of, newest_number
from offboarding.execution.rules import Act, History, Result
from offboarding.execution.steering import may_begin
from offboarding.gateways.segment import Exchange
from offboarding.ledger.actions import APP, Event, record
from offboarding.work.actions import Hold, LostLease, must_not_stand_still, renew
from offboarding.work.lightly import lightly

log = structlog.get_logger(__name__)


def nothing_more() -> None:
    pass


def always() -> bool:
    return True


class Outdated(Exception):
    """What the look was compared with has changed since. Nothing was written; a new look comes first."""


class Notes:
    """The attempts of one turn, with the masked calls that each of them made."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.hold = Hold(run)
        self.exchanges: list[Exchange] = []
        self.begun = monotonic()
        self.newest: int | None = None  # attempt; nobody but the holder of the run adds one

    def take(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        self.hold.touch()

    def attempts(self) -> list[Attempt]:
        return attempts_of(self.run.pk)

    def history(self) -> History:
        return history_of(self.attempts(), self.run.started_at)

    def begin(
        self,
        act: Act,
        intent: str,
        seen_before: Mapping[str, Any] | None = None,
        request: Exchange | None = None,
        stands: Callable[[], bool] = always,
    ) -> Attempt:
        """The row that stands before the call. `stands` is asked when no other intent can be written any more.

        Raises LostLease if the run is no longer ours to work on, Halted if none of its calls may begin any more,
        StandsStill if no call at all may begin now, and Outdated if a new look has to come first.
        """
        self.exchanges, self.begun = [], monotonic()
        with transaction.atomic() if act is Act.CALL else lightly():
            if act is Act.CALL:
                may_begin(self.run)
            renew(self.run)
            if act is Act.CALL:
                must_not_stand_still()
                if not stands():
                    raise Outdated
            attempt = spelled.add(
                Attempt(
                    run=self.run,
                    number=self.next_number(),
                    act=act.value,
                    intent=intent[:300],
                    seen_before=seen_before,
                    request=asdict(request) if request else None,
                )
            )
            if act is Act.CALL:
                self.tell(Event.CALL_INTENDED, attempt, {"intent": intent})
        self.newest = attempt.number
        return attempt

    def next_number(self) -> int:
        if self.newest is None:
            self.newest = newest_number.first(self.run.pk) or 0
        return self.newest + 1

    def close(
        self,
        attempt: Attempt,
        result: Result,
        says: str,
        facts: Mapping[str, Any] | None = None,
        keep: Callable[[], None] = nothing_more,
        beside: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """The row that stands after the call, and what `keep` writes, together or not at all.

        Raises LostLease: then the attempt stays open, which means unknown.
        """
        try:
            self.write(attempt, result, says, facts, keep, beside)
        except LostLease:
            self.say(attempt, "lost lease")
            raise
        self.say(attempt, result.value)

    def write(
        self,
        attempt: Attempt,
        result: Result,
        says: str,
        facts: Mapping[str, Any] | None,
        keep: Callable[[], None],
        beside: Sequence[Mapping[str, Any]],
    ) -> None:
        whole = [*raw_record(self.exchanges), *map(dict, beside)]
        stored = self.stored(whole) if whole else None
        with transaction.atomic():
            renew(self.run)
            kept = self.kept(stored, attempt) if stored else None
            told = {"result": result.value, "says": says[:500], "facts": dict(facts or {})}
            closed = {**told, "closed_at": Now(), "exchanges": kept}
            spelled.change(Attempt, {"pk": attempt.pk, "closed_at": None}, closed)
            keep()
            if attempt.act == Act.CALL:
                self.tell(Event.CALL_CLOSED, attempt, {"result": result.value, "says": says[:500]}, kept)

    def say(self, attempt: Attempt, result: str) -> None:
        """One line a try, for whoever watches many machines: numbers and references, no sentence, no address."""
        item = self.run.item
        log.info(
            "attempt",
            kind=self.run._meta.label,
            run=self.run.pk,
            reference=item.plan.removal.reference,
            item=item.number,
            attempt=attempt.number,
            act=attempt.act,
            result=result,
            ms=round((monotonic() - self.begun) * 1000),
            fence=self.run.fence,
            workspace=item.workspace_id,
        )

    def stored(self, whole: list[dict[str, Any]]) -> Stored:
        workspace = self.run.item.workspace
        assert workspace is not None
        return stored_json(whole, workspace.client)

    def kept(self, stored: Stored, attempt: Attempt) -> Evidence:
        workspace = self.run.item.workspace
        assert workspace is not None
        return write_json(
            stored,
            name=f"step-{self.run.item.number}-try-{attempt.number}.json",
            shows=pages_told(self.exchanges, f"{attempt.intent}: the calls and what Segment answered"),
            taken_by="Offboard",
            origin=f"{workspace.base_url} ({workspace.name})",
        )

    def tell(
        self, event: Event, attempt: Attempt, facts: Mapping[str, Any], kept: Evidence | None = None
    ) -> None:
        item = self.run.item
        record(
            event,
            actor=APP,
            about=item.plan.removal.reference,
            facts={
                "item": item.number,
                "attempt": attempt.number,
                "fence": self.run.fence,
                **facts,
                **({"evidence": kept.sha256} if kept else {}),
            },
        )
