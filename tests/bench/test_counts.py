"""The short form: what can be counted, whatever the machine does meanwhile. No time is asserted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from offboarding import pulse
from offboarding.work import desks
from tests.bench import table
from tests.execution.conftest import member, run_of, sent, started, turn, turns  # noqa: F401

Make = Callable[..., Any]
# A look, or a call with its looks: with rows before and after, evidence, ledger, and the savepoints of tests.
QUERIES = {"measure-before": 57, "remove-member": 68, "read-again": 32}
PLACES = ("Acme Production", "Acme Staging", "Globex Production")


# Each is on the disk before what comes next: claimed; a row before each look and each call, and one after; the last with the end.
TRANSACTIONS = {"measure-before": 3, "remove-member": 7, "read-again": 3}


def queries_of(run: Any) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        assert desks.DESKS["execution.Run"].look(run.pk)
    return [each["sql"] for each in asked]


def outermost(asked: list[str]) -> int:
    """How many savepoints there are in no other one: outside of tests each is a transaction."""
    depth = count = 0
    for sql in asked:
        if sql.startswith("SAVEPOINT"):
            count, depth = count + (depth == 0), depth + 1
        depth -= sql.startswith("RELEASE SAVEPOINT")
    return count


def test_a_removal_is_a_look_a_call_and_a_look(started: Make, run_of: Make, turns: Make, sent: Make) -> None:  # noqa: F811
    run = run_of(started("Acme Staging"), "remove-member")
    turns(run)
    assert [each.act for each in run.attempts.order_by("number")] == ["look", "call", "look"]
    assert len(sent("DELETE")) == 1


@pytest.mark.parametrize("places", [("Acme Staging",), PLACES], ids=len)
@pytest.mark.parametrize("code", QUERIES)
def test_a_step_asks_the_same_however_many_workspaces_there_are(
    started: Make,  # noqa: F811
    code: str,
    places: tuple[str, ...],
) -> None:
    from offboarding.execution.models import Run

    removal = started(*places)
    run = Run.objects.get(
        item__plan__removal=removal, item__code=code, item__workspace__name="Acme Staging", item__at=""
    )
    Run.objects.filter(pk=run.pk).update(state="ready", not_before=Now())
    asked = queries_of(run)
    assert (len(asked), outermost(asked)) == (QUERIES[code], TRANSACTIONS[code])


def test_an_approval_wakes_the_engine_beside_it(
    filed: Make, decide: Make, bob: Any, django_capture_on_commit_callbacks: Make
) -> None:
    removal = filed("Acme Staging")
    pulse.woken.clear()
    with django_capture_on_commit_callbacks(execute=True):
        decide(removal, bob)
    assert pulse.woken.is_set()


ROWS = [table.Row("steps", "new", "2", "b", "here"), table.Row("click", "first", "3", "", "here")]
README = """before
<!-- bench -->
| part | what | measured | beside | on | date |
|---|---|---|---|---|---|
| `find` | kept | 1 | | there | 2026-01-01 |
| `steps` | old | 1 | | there | 2026-01-01 |
| `gone` | a part that is no more | 1 | | there | 2026-01-01 |
<!-- /bench -->
after
"""


def test_only_the_rows_of_what_was_measured_are_written_anew() -> None:
    text = table.written(README, ROWS, "2026-02-02")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [
        "| `find` | kept | 1 | | there | 2026-01-01 |",
        "| `steps` | new | 2 | b | here | 2026-02-02 |",
        "| `click` | first | 3 |  | here | 2026-02-02 |",
    ]
    assert text.startswith("before\n") and text.endswith("after\n")
    assert table.written(text, ROWS, "2026-02-02") == text


@pytest.mark.parametrize("row", ROWS)
def test_what_a_part_tells_is_heard(row: table.Row) -> None:
    assert table.heard(row.told()) == row
    assert table.heard("anything else") is None


def test_the_readme_has_a_place_for_the_table() -> None:
    assert table.MARKS.search(table.README.read_text(encoding="utf-8"))
    assert Counter(table.PARTS) == Counter(set(table.PARTS))


def test_a_longer_ledger_takes_no_more_queries_to_check_or_to_prove(
    db: None, settings: Any, tmp_path: Any
) -> None:
    """The walk streams; a proof reads tiles and the newest entries. The long form is `python -m tests.bench.ledger`."""
    from django.db import transaction

    from offboarding.ledger import tiles, whole
    from offboarding.ledger.actions import APP, Event, checkpoint, record_each

    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    asked = []
    for entries in (600, 2400):
        with transaction.atomic():
            record_each(Event.ITEM_MOVED, [{"n": n} for n in range(entries)], actor=APP)
        made = checkpoint()
        assert made
        with CaptureQueriesContext(connection) as walk:
            assert whole.first_wrong() is None
        with CaptureQueriesContext(connection) as proof:
            tiles.Stored(made.size).inclusion(300)
        asked.append((len(walk), len(proof)))
    assert asked[0][0] == asked[1][0] and max(count for _, count in asked) <= 6
