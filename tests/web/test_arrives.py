"""What arrives, side by side on the Access tab: before only, watched, as before, and fallen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act, Cause, Ended, Result
from offboarding.verification.comparing import Kind, Line, Reading
from offboarding.verification.models import Measurement
from offboarding.work.rules import State
from tests.web.test_removal import at, end, run_of, text_of

Make = Callable[..., Any]
UNTIL = "2026-03-31T11:00:00+00:00"


def before(*more: Line) -> Reading:
    lines = (
        Line(Kind.SOURCE, "s1", "Website", True, events=48_210),
        Line(Kind.SOURCE, "s2", "Orders", True, events=900),
        Line(Kind.WAREHOUSE, "w1", "Snowflake", True, "CONNECTED"),
        *more,
    )
    return Reading(lines, "2026-03-30T11:00:00+00:00", UNTIL)


def after(website: int = 1980, state: str = "CONNECTED") -> Reading:
    lines = (
        Line(Kind.SOURCE, "s1", "Website", True, events=website, earlier=2010),
        Line(Kind.SOURCE, "s2", "Orders", True, events=40, earlier=40),
        Line(Kind.WAREHOUSE, "w1", "Snowflake", True, state),
    )
    unknown = (("deliveries to destinations", "cannot be checked by API"),)
    return Reading(lines, "2026-03-31T13:00:00+00:00", "2026-03-31T14:00:00+00:00", unknown)


def measured(run: Run, when: str, seen: Reading, fell: tuple[tuple[str, str], ...] = ()) -> None:
    number = run.attempts.count() + 1
    attempt = Attempt.objects.create(
        run=run, number=number, act=Act.LOOK, intent="Read", result=Result.SEEN, says="measured"
    )
    Measurement.objects.create(
        attempt=attempt, when=when, data=seen.as_json(), fell=[list(each) for each in fell], says="measured"
    )


@pytest.fixture
def shown(client: Browser, running: Make, olga: Any) -> tuple[Any, Callable[[], str]]:
    removal = running()
    client.force_login(olga)
    return removal, lambda: text_of(client.get(at(removal)))


def test_before_the_work_the_numbers_of_a_day_stand_alone(shown: Any) -> None:
    removal, page = shown
    measured(run_of(removal, "measure-before"), "before", before())
    told = page()
    assert "What arrives" in told and "Measured before" in told
    assert "Website Source 48,210" in told and "Snowflake Warehouse Connected" in told
    assert "Before, 24 h until 31 Mar 13:00" in told


def test_before_and_after_stand_side_by_side(shown: Any) -> None:
    removal, page = shown
    measured(run_of(removal, "measure-before"), "before", before())
    run = run_of(removal, "measure-after")
    measured(run, "after", after())
    end(run, Ended.ALREADY)
    told = page()
    assert "Website Source 2,010 1,980 -1 %" in told
    assert "Snowflake Warehouse Connected Connected As before" in told
    assert "As much as before" in told and "Orders Source 40 40 As before" in told
    assert "After, 31 Mar 15:00 to 16:00" in told
    assert "Deliveries to destinations: cannot be checked by API." in told


def test_what_fell_is_red_on_top_and_leads_to_its_step(shown: Any, client: Browser) -> None:
    removal, page = shown
    measured(run_of(removal, "measure-before"), "before", before())
    run = run_of(removal, "measure-after")
    measured(run, "after", after(100, "FAILED"), (("source", "s1"), ("warehouse", "w1")))
    Run.objects.filter(pk=run.pk).update(
        state=State.NEEDS_PERSON, cause=Cause.FELL, sentence="source Website: 100 events"
    )
    told = page()
    assert "Less arrives" in told and "Fell by 95 %" in told and "No longer connected" in told
    assert told.index("No longer connected") < told.index("Orders"), "what fell comes first"
    assert "1 step needs attention" in told
    assert f"/steps/{run.item.number}/" in client.get(at(removal)).content.decode()


def test_what_is_gone_says_so(shown: Any) -> None:
    removal, page = shown
    gone = Line(Kind.DESTINATION, "d1", "Mixpanel", True)
    measured(run_of(removal, "measure-before"), "before", before(gone))
    measured(run_of(removal, "measure-after"), "after", after(), (("destination", "d1"),))
    assert "Mixpanel Destination Enabled – Gone" in page()


def test_a_workspace_that_could_not_be_measured_says_why(shown: Any) -> None:
    removal, page = shown
    end(
        run_of(removal, "measure-before"),
        Ended.NOTHING_TO_DO,
        sentence="Not known: Segment refused our token.",
    )
    told = page()
    assert "Not known: Segment refused our token." in told


def test_before_anything_ran_there_is_no_such_part(client: Browser, filed: Make, olga: Any) -> None:
    removal = filed()
    client.force_login(olga)
    assert "What arrives" not in text_of(client.get(at(removal)))


def test_only_a_workspace_where_less_arrives_is_unfolded(shown: Any, client: Browser) -> None:
    removal, _page = shown
    measured(run_of(removal, "measure-before"), "before", before())
    folded = client.get(at(removal)).content.decode()
    assert '<details class="arrives-place">' in folded
    measured(run_of(removal, "measure-after"), "after", after(100), (("source", "s1"),))
    assert '<details class="arrives-place" open>' in client.get(at(removal)).content.decode()


def test_many_sources_fold(shown: Any) -> None:
    removal, page = shown
    more = tuple(Line(Kind.SOURCE, f"x{n}", f"Source {n}", True, events=n) for n in range(40))
    measured(run_of(removal, "measure-before"), "before", before(*more))
    assert "38 more" in page()


def test_the_queries_do_not_grow_with_what_is_measured(client: Browser, running: Make, olga: Any) -> None:
    counts = []
    client.force_login(olga)
    for names in (("Acme Production",), ("Acme Staging", "Acme EU", "Globex Production")):
        removal = running(*names)
        for run in Run.objects.filter(item__plan__removal=removal, item__code="measure-before"):
            measured(run, "before", before())
        client.get(at(removal))
        with CaptureQueriesContext(connection) as queries:
            client.get(at(removal))
        counts.append(len(queries))
    assert counts[0] == counts[1]
