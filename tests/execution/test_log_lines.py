"""One line for each attempt: numbers and references, no person, no secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from offboarding.execution.models import Attempt, Run
from offboarding.gateways.segment import SegmentGateway
from offboarding.simulators.simulator import Simulator
from tests.conftest import DAN

Make = Callable[..., Any]
FIELDS = {"kind", "run", "reference", "item", "attempt", "act", "result", "ms", "fence", "workspace"}


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    found = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [line for line in found if line["event"] == "attempt"]


@pytest.fixture
def run(started: Make, run_of: Make) -> Any:
    return run_of(started("Acme Staging"), "remove-member")


def test_each_attempt_is_one_line(run: Any, turns: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    turns(run)
    told = [(line["attempt"], line["act"], line["result"]) for line in lines(caplog)]
    assert told == list(Attempt.objects.filter(run=run).values_list("number", "act", "result"))
    assert ("call", "accepted") in [(act, result) for _, act, result in told]


def test_a_line_names_the_step_and_nobody(
    run: Any, turns: Make, segment: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    turns(run)
    line = lines(caplog)[0]
    assert set(line) >= FIELDS
    assert (line["kind"], line["run"], line["workspace"]) == ("execution.Run", run.pk, run.item.workspace_id)
    assert (line["reference"], line["item"]) == (run.item.plan.removal.reference, run.item.number)
    written = repr(lines(caplog))
    for secret in (DAN, "Dan", "Acme", segment.token("acme-staging")):
        assert secret not in written


def test_an_attempt_that_lost_its_row_says_so(
    run: Any, turn: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    def slow(*_args: Any) -> None:
        Run.objects.filter(pk=run.pk).update(fence=run.fence + 7)

    monkeypatch.setattr(SegmentGateway, "remove_member", slow)
    turn(run)
    assert [line["result"] for line in lines(caplog)] == ["seen", "lost lease"]
