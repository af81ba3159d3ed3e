"""Looking into the ledger: each filter finds what it says, pages hang together, and nothing is counted on the way."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import StringIO
from textwrap import dedent
from time import sleep
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from offboarding.directory.rules import Scope
from offboarding.ledger.actions import APP, Event, checkpoint, record, record_each
from offboarding.ledger.models import Entry
from offboarding.ledger.queries import newest_outside
from offboarding.lib import canonical
from offboarding.lib.merkle import verify_inclusion
from offboarding.reports import actions
from offboarding.reports.audit import files, kept, queries
from offboarding.reports.audit.rules import Wanted
from offboarding.reports.models import Check
from offboarding.reports.perform import perform
from offboarding.users.rules import Role, actor_of
from offboarding.work.actions import claim
from offboarding.work.models import Standstill
from tests.ledger import forging

pytestmark = pytest.mark.django_db
EVERYTHING = Scope(0, "erin@northwind.example", frozenset({(Role.AUDITOR, None)}))


def found(scope: Scope = EVERYTHING, **wanted: Any) -> set[int]:
    return set(queries.entries(scope, Wanted(**wanted)).values_list("seq", flat=True))


def write(event: Event = Event.WORKSPACE_CONNECTED, by: Any = None, about: str = "") -> int:
    with transaction.atomic():
        return int(record(event, actor=actor_of(by) if by else APP, about=about).seq)


def test_each_filter_finds_what_it_says(filed: Callable[..., Any], alice: Any, bob: Any) -> None:
    removal = filed("Acme Staging")
    one = write(by=bob, about=removal.reference)
    two = write(Event.SIGNED_IN, by=alice)
    three = write(Event.ENGINE_PAUSED)
    for wanted, here, away in (
        ({"who": "bob"}, {one}, {two, three}),
        ({"who": "ALICE@northwind"}, {two}, {one, three}),
        ({"who": "app"}, {three}, {one, two}),
        ({"who": "nobody of that name"}, set(), {one, two, three}),
        ({"what": "user.signed_in"}, {two}, {one, three}),
        ({"what": "engine"}, {three}, {one, two}),
        ({"what": "no such event"}, set(), {one, two, three}),
        ({"about": removal.reference}, {one}, {two, three}),
        ({"text": str(three)}, {three}, {one, two}),
        ({"text": Entry.objects.get(seq=two).hash[:12]}, {two}, {one, three}),
        ({"text": "dan reyes"}, {one}, {two, three}),
        ({"text": "CS-1"}, {one}, {two, three}),
        ({"text": removal.reference.lower()}, {one}, {two, three}),
        ({"client": removal.places.get().workspace.client_id}, {one}, {two, three}),
        ({"client": 0}, set(), {one, two, three}),
    ):
        seen = found(**wanted)
        assert here <= seen and not away & seen, wanted


def test_days_are_found_by_their_first_and_last_moment() -> None:
    at = []
    for _ in range(3):
        at.append(Entry.objects.get(seq=write()).at)
        sleep(0.002)  # the database counts milliseconds
    assert found(since=at[1]) == {2, 3}
    assert found(until=at[1]) == {1}
    assert found(since=at[1], until=at[2]) == {2}
    assert found(since=at[2] + timedelta(days=1)) == set()
    assert found(until=at[0] - timedelta(days=1)) == set()


def test_a_search_leads_to_no_request_that_is_not_ones_own(filed: Callable[..., Any], clients: Any) -> None:
    """Whoever searches for a person learns nothing of other clients' requests."""
    filed("Acme Staging")
    hooli = Scope(0, "x@x.example", frozenset({(Role.AUDITOR, clients["Hooli"].pk)}))
    assert found(hooli, text="dan reyes") == found(hooli, client=clients["Acme"].pk) == set()


def test_pages_hang_together_both_ways() -> None:
    with transaction.atomic():
        record_each(Event.ITEM_MOVED, [{"n": n} for n in range(2 * queries.PAGE + 7)], actor=APP)
    everything = queries.entries(EVERYTHING, Wanted())
    first = queries.page(everything)
    second = queries.page(everything, before=first.older)
    third = queries.page(everything, before=second.older)
    assert [row.seq for page in (first, second, third) for row in page.rows] == list(range(107, 0, -1))
    assert (first.newer, third.older) == (None, None)
    assert queries.page(everything, after=third.newer).rows == second.rows
    back = queries.page(everything, after=second.newer)
    assert back.rows == first.rows and back.newer is None


def test_entries_that_come_meanwhile_move_no_page() -> None:
    with transaction.atomic():
        record_each(Event.ITEM_MOVED, [{"n": n} for n in range(60)], actor=APP)
    older = queries.page(queries.entries(EVERYTHING, Wanted()), before=11).rows
    write()
    assert queries.page(queries.entries(EVERYTHING, Wanted()), before=11).rows == older


@pytest.mark.parametrize(
    "wanted", [{}, {"what": "item"}, {"text": "R-1"}, {"since": datetime(2020, 1, 1, tzinfo=UTC)}]
)
def test_a_page_takes_the_same_queries_however_long_the_ledger_is(wanted: dict[str, Any]) -> None:
    asked = []
    for _ in range(2):
        with transaction.atomic():
            record_each(Event.ITEM_MOVED, [{"n": n} for n in range(300)], actor=APP, about="R-1")
        with CaptureQueriesContext(connection) as taken:
            assert queries.page(queries.entries(EVERYTHING, Wanted(**wanted))).rows
        asked.append(len(taken))
    assert asked[0] == asked[1] <= 6


# ---------------------------------------------------------------- files


def taken(write_file: Any, **wanted: Any) -> tuple[list[bytes], list[files.Tally]]:
    ended: list[files.Tally] = []
    rows = queries.walk(queries.entries(EVERYTHING, Wanted(**wanted)), 10**9)
    return list(write_file({"Filters": "none", "Entries": "3"}, rows, ended.append)), ended


def test_a_table_ties_to_its_cover_and_digest(alice: Any) -> None:
    for _ in range(3):
        write(by=alice)
    lines, (tally,) = taken(files.as_csv)
    rows = list(csv.reader(StringIO(b"".join(lines).decode(), newline="")))
    table = [row for row in rows if not row[0].startswith("# ")]
    assert table[0] == list(files.COLUMNS) and len(table) - 1 == tally.rows == 3
    assert [row[0] for row in table[1:]] == ["1", "2", "3"]
    assert rows[-1] == ["# SHA-256 of all lines above", sha256(b"".join(lines[:-1])).hexdigest()]
    assert rows[-1][1] == tally.sha256
    for row, entry in zip(table[1:], Entry.objects.order_by("seq"), strict=True):
        assert row[9] == entry.hash and row[6] == "Alice"


def test_a_name_that_looks_like_a_formula_stays_a_name() -> None:
    from offboarding.ledger.actions import Actor

    with transaction.atomic():
        record(Event.SIGNED_IN, actor=Actor("user", "1", "=HYPERLINK(1)"))
    lines, _ = taken(files.as_csv)
    assert b",'=HYPERLINK(1)," in lines[-3]


def test_json_lines_can_be_checked_against_the_chain(alice: Any) -> None:
    for _ in range(3):
        write(by=alice)
    lines, _ = taken(files.as_lines)
    told = [json.loads(line) for line in lines]
    assert told[0]["export"]["Entries"] == "3"
    assert told[-1]["end"] == {"rows": 3, "sha256": sha256(b"".join(lines[:-1])).hexdigest()}
    for each in told[1:-1]:
        assert sha256(canonical.dumps(each["entry"])).hexdigest() == each["hash"]
        name = each["personal"][0]
        digest = sha256(bytes.fromhex(name["salt"]) + name["value"].encode()).hexdigest()
        assert (name["name"], digest) == ("actor", each["entry"]["actor"]["label_digest"])


def test_a_file_that_was_not_taken_to_its_end_says_nothing_of_an_end(alice: Any) -> None:
    ended: list[files.Tally] = []
    for _ in range(3):
        write(by=alice)
    stream = files.as_lines({}, queries.walk(queries.entries(EVERYTHING, Wanted()), 99), ended.append)
    next(stream)
    next(stream)
    stream.close()
    assert ended == []


def test_a_long_ledger_is_read_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "CHUNK", 10)
    with transaction.atomic():
        record_each(Event.ITEM_MOVED, [{"n": n} for n in range(45)], actor=APP)
    rows = list(queries.walk(queries.entries(EVERYTHING, Wanted()), 41))
    assert [row.seq for row in rows] == list(range(1, 42))


def test_a_proof_can_be_checked_with_nothing_of_ours(settings: Any, tmp_path: Any, alice: Any) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "c.jsonl"
    for _ in range(5):
        write(by=alice)
    made = checkpoint()
    assert made
    data = files.proof(Entry.objects.get(seq=3), made)
    assert data
    told = json.loads(data)
    leaf = canonical.dumps(told["entry"])
    assert sha256(leaf).hexdigest() == told["hash"]
    assert verify_inclusion(
        leaf, told["index"], told["checkpoint"]["size"], told["path"], told["checkpoint"]["root"]
    )


def test_an_entry_that_does_not_fit_what_was_signed_has_no_proof(settings: Any, tmp_path: Any) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "c.jsonl"
    for _ in range(5):
        write(about="R-1")
    made = checkpoint()
    assert made
    with forging.without_triggers():
        forging.edit(3)
        assert files.proof(Entry.objects.get(seq=3), made) is None
        forging.delete(3)
        assert files.proof(Entry.objects.get(seq=2), made) is None


# ---------------------------------------------------------------- checks


def walked() -> Check:
    check = Check.objects.latest("pk")
    held = claim(Check, check.pk)
    assert held
    perform(held)
    check.refresh_from_db()
    return check


def test_a_check_says_that_all_of_it_holds() -> None:
    write()
    actions.check_ledger()
    check = walked()
    assert (check.says, check.broken_at, check.entries) == ("", None, 1) and check.ended_at
    told = Entry.objects.get(event=Event.LEDGER_CHECKED)
    assert canonical.loads(bytes(told.body))["facts"] == {"entries": 1, "whole": True, "says": ""}


def test_a_check_names_the_first_that_is_wrong() -> None:
    for _ in range(3):
        write(about="R-1")
    actions.check_ledger()
    with forging.without_triggers():
        forging.edit(2)
        check = walked()
    assert (check.broken_at, check.says) == (2, "entry 2 was altered")


@pytest.mark.parametrize(
    "forge",
    [lambda: forging.truncate(2), lambda: forging.rewrite(lambda told: told.update(about="R-7"))],
    ids=["cut off", "written anew"],
)
def test_a_check_compares_with_what_stands_outside_the_database(
    forge: Callable[[], None], settings: Any, tmp_path: Any
) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "c.jsonl"
    for _ in range(3):
        write(about="R-1")
    checkpoint()
    actions.check_ledger()
    assert walked().says == ""
    actions.check_ledger()
    with forging.without_triggers():
        forge()
        says = walked().says
        assert says == "the entries do not agree with the checkpoint from outside at entry 3"
        Standstill.objects.update(accepted=newest_outside())
        actions.check_ledger()
        assert walked().says == "", "a person has accepted what the file says so far"


def test_one_check_at_a_time_serves_all_who_ask(erin: Any) -> None:
    assert actions.check_ledger() and actions.check_ledger() is None
    walked()
    scope = Scope(erin.pk, erin.email, frozenset({(Role.AUDITOR, None)}))
    assert actions.check_asked(erin, scope)
    assert walked().asked_by == erin


def test_only_readers_ask_for_a_check(alice: Any) -> None:
    from offboarding.lib.refusals import Refused

    scope = Scope(alice.pk, alice.email, frozenset({(Role.REQUESTER, None)}))
    with pytest.raises(Refused, match="Only auditors"):
        actions.check_asked(alice, scope)
    assert not Check.objects.exists()


def test_the_ledger_is_checked_once_a_day() -> None:
    from offboarding.reports.apps import night

    assert night(datetime(2026, 3, 2, 2, 59, tzinfo=UTC)) == "2026-03-01"
    assert night(datetime(2026, 3, 2, 3, 0, tzinfo=UTC)) == "2026-03-02"


def test_a_walled_reader_finds_by_clients_of_theirs(clients: Any, workspace: Callable[..., Any]) -> None:
    place = workspace("Acme Staging")
    seq = write(about=f"workspace:{place.pk}")
    acme = Scope(0, "x@x.example", frozenset({(Role.AUDITOR, clients["Acme"].pk)}))
    assert found(acme) >= {seq} and found(acme, client=clients["Acme"].pk) >= {seq}


@pytest.mark.parametrize(
    ("then", "now"), [(1, 2), (2, 3), (3, 5), (4, 8), (5, 8), (6, 7), (7, 8), (257, 300), (256, 300)]
)
def test_the_recipe_in_the_documentation_checks_a_consistency_proof(
    settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any, then: int, now: int
) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "c.jsonl"
    for count in (then, now - then):
        with transaction.atomic():
            record_each(Event.ITEM_MOVED, [{"n": n} for n in range(count)], actor=APP)
        made = checkpoint()
    line = settings.CHECKPOINT_FILE.read_bytes().splitlines()[0]
    text = (settings.BASE_DIR / "docs" / "auditors.md").read_text()
    recipe = re.search(r"    import hashlib, json, pathlib\n    kept.*?print\([^\n]*", text, re.DOTALL)
    data = kept.consistency(then, made) if made else None
    assert recipe and data
    monkeypatch.chdir(tmp_path)
    (tmp_path / "from-57-to-90-proof.json").write_bytes(data)
    root = json.loads(line)["checkpoint"]["root"]
    other = line.replace(root.encode(), sha256(b"another ledger").hexdigest().encode())
    for mine, answer in ((line, "True"), (other, "False")):
        (tmp_path / "checkpoint-57.jsonl").write_bytes(mine)
        exec(dedent(recipe[0]), {})
        assert capsys.readouterr().out.strip() == answer


@pytest.mark.parametrize(("size", "seq"), [(1, 1), (5, 3), (6, 6), (7, 7), (8, 1), (300, 257)])
def test_the_recipe_in_the_documentation_checks_a_proof(
    settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any, size: int, seq: int
) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "c.jsonl"
    with transaction.atomic():
        record_each(Event.ITEM_MOVED, [{"n": n} for n in range(size)], actor=APP)
    made = checkpoint()
    text = (settings.BASE_DIR / "docs" / "auditors.md").read_text()
    recipe = re.search(r"    import base64.*?print\([^\n]*", text, re.DOTALL)
    data = files.proof(Entry.objects.get(seq=seq), made) if made else None
    assert recipe and data
    monkeypatch.chdir(tmp_path)
    for changed, answer in ((data, "True"), (data.replace(b'"index":', b'"index":1'), "False")):
        (tmp_path / "entry-57-proof.json").write_bytes(changed)
        exec(dedent(recipe[0]), {})
        assert capsys.readouterr().out.strip() == answer
