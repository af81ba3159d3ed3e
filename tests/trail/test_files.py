"""An export of the audit trail as CSV: read by its columns, merged with what is copied, refused by the line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest

from offboarding.directory.queries import scope_of
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.simulators.simulator import Simulator
from offboarding.trail import adding, perform
from offboarding.trail.models import AuditEvent, Copy, Harvest
from offboarding.trail.sheets import lines
from tests.conftest import DAN
from tests.rewriting import rewriting

Make = Callable[..., Any]
NOON = datetime(2026, 3, 31, 10, 0, tzinfo=UTC)
HEAD = "Timestamp,Event,Actor Email,Resource,Resource ID"
ROW = f"2026-03-31T10:00:00Z,User Removed,eve@x.example,{DAN},u1"


def read(text: str, workspace: str = "w1") -> list[Any]:
    return [told for told, _ in lines(BytesIO(text.encode()), workspace)]


FORMS = [
    (f"{HEAD}\n{ROW}", "the app's words"),
    (f"timestamp;type;actorEmail;resourceName;resourceId\n{ROW.replace(',', ';')}", "the API's words, semicolons"),
    (f"time\taction\tuser_email\ttarget_name\ttarget_id\n{ROW.replace(',', chr(9))}", "other words, tabs"),
    (f"\ufeff{HEAD}\r\n{ROW}\r\n\r\n", "a mark in front, and an empty line behind"),
    (f"{HEAD}\n{ROW.replace('2026-03-31T10:00:00Z', '2026-03-31 10:00:00 UTC')}", "a time for people"),
    (f"{HEAD}\n{ROW.replace('2026-03-31T10:00:00Z', '1774951200')}", "seconds since 1970"),
    (f"{HEAD}\n{ROW.replace('2026-03-31T10:00:00Z', '1774951200000')}", "milliseconds since 1970"),
    (f"{HEAD}\n{ROW.replace('2026-03-31T10:00:00Z', '2026-03-31T10:00:00')}", "without a zone it is UTC"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "because"), FORMS, ids=[row[1] for row in FORMS])
def test_a_line_is_read(text: str, because: str) -> None:
    (told,) = read(text)
    assert (told.at, told.type, told.email, told.kind) == (NOON, "User Removed", "eve@x.example", "removed")
    assert told.concerns({"u1"}, set()) and told.concerns(set(), {DAN}), because
    assert told.key.startswith("content:")


WRONG = [
    ("", "no-columns", "nothing"),
    ("a,b\n1,2", "no-columns", "columns that nobody knows"),
    (f"{HEAD}\n{ROW}\nyesterday,User Removed,,,", "bad-line", "line 3 has no time"),
    (f"{HEAD}\n2026-03-31T10:00:00Z,,,,", "bad-line", "line 2 has no kind"),
    (f"{HEAD}\n{ROW}x" + "x" * 8000, "long-line", "a line that is made to be long"),
    (f'{HEAD}\n"{ROW}', "not-csv", "a quotation mark that is not closed"),
    (f"{HEAD},Workspace ID\n{ROW},w2", "other-workspace", "the file of another workspace"),
]


@pytest.mark.parametrize(("text", "code", "because"), WRONG, ids=[row[2] for row in WRONG])
def test_what_cannot_be_read_is_refused_and_names_the_line(text: str, code: str, because: str) -> None:
    with pytest.raises(Refused) as refusal:
        read(text)
    assert refusal.value.code == code, because
    assert code not in ("bad-line", "long-line") or "Line " in refusal.value.sentence


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(Refused, match="UTF-8"):
        list(lines(BytesIO(HEAD.encode() + b"\n\xff\xfe"), "w1"))


def test_a_secret_in_a_column_is_masked() -> None:
    ((_, raw),) = lines(BytesIO(f"{HEAD},token\n{ROW},sgp_{'a' * 64}".encode()), "w1")
    assert "a" * 20 not in str(raw)


# ---------------------------------------------------------------- merging


def csv_of(rows: list[AuditEvent], ids: bool) -> bytes:
    head = "timestamp,type,actor email,resource name" + (",id" if ids else "")
    made = [f"{row.at:%Y-%m-%dT%H:%M:%SZ},{row.type},{row.email},{row.resource_name}" for row in rows]
    return "\n".join(
        [head, *(f"{line},{row.key}" if ids else line for line, row in zip(made, rows))]
    ).encode()


@pytest.fixture
def place(segment: Simulator, connect: Make) -> Any:
    segment.control.clear_trouble()
    return connect(segment, "Acme Production")


@pytest.fixture
def added(olga: Any, today: Any, turn: Make) -> Make:
    def make(workspace: Any, data: bytes, name: str = "trail.csv") -> Any:
        return turn(adding.add(olga, scope_of(olga, today), workspace, BytesIO(data), name))

    return make


@pytest.mark.parametrize("ids", [True, False], ids=["with ids", "without ids"])
def test_what_is_copied_already_is_not_there_twice(place: Any, copied: Make, added: Make, ids: bool) -> None:
    copied(place)
    rows = list(AuditEvent.objects.order_by("at"))
    harvest = added(place, csv_of(rows, ids))
    assert (harvest.state, harvest.read, harvest.new) == ("done", len(rows), 0)
    assert AuditEvent.objects.count() == len(rows)


def test_a_file_first_and_the_api_later_is_one_event_with_segments_id(
    place: Any, copied: Make, added: Make
) -> None:
    copied(place)
    rows = list(AuditEvent.objects.order_by("at"))
    data, keys = csv_of(rows, ids=False), {row.key for row in rows}
    with rewriting():
        AuditEvent.objects.all().delete()
    Copy.objects.all().delete()
    assert added(place, data).new == len(rows)
    assert Copy.objects.get().reach is None, "a file proves nothing about what is not in it"
    assert copied(place).new == 0
    kept = AuditEvent.objects.all()
    assert {row.key for row in kept} == keys and all("actor" in row.raw for row in kept)


def test_a_merge_that_dies_goes_on_with_the_next_lines(
    place: Any, olga: Any, today: Any, turn: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perform, "LINES_A_PAGE", 2)
    rows = "\n".join(ROW.replace("10:00:00", f"10:00:0{n}") for n in range(5))
    harvest = adding.add(olga, scope_of(olga, today), place, BytesIO(f"{HEAD}\n{rows}".encode()), "t.csv")
    real, pages = perform.actions.keep_page, []

    def dies(*given: Any) -> None:
        pages.append(given)
        if len(pages) == 2:
            raise RuntimeError
        real(*given)

    monkeypatch.setattr(perform.actions, "keep_page", dies)
    with pytest.raises(RuntimeError):
        turn(harvest)
    assert AuditEvent.objects.count() == 2
    assert turn(harvest).state == "done" and AuditEvent.objects.count() == 5
    assert (harvest.read, harvest.new, harvest.pages) == (5, 5, 3)


def test_a_file_that_cannot_be_merged_leaves_nothing(place: Any, olga: Any, erin: Any, today: Any) -> None:
    bad, good = f"{HEAD}\n{ROW}\nnever,x,,,".encode(), f"{HEAD}\n{ROW}".encode()
    for user, data, code in (
        (olga, bad, "bad-line"),
        (erin, good, "may-not-copy"),
        (olga, HEAD.encode(), "no-lines"),
    ):
        with pytest.raises(Refused) as refusal:
            adding.add(user, scope_of(user, today), place, BytesIO(data), "t.csv")
        assert refusal.value.code == code
    assert not Harvest.objects.exists() and not Entry.objects.filter(event="trail.file_added").exists()


def test_a_file_is_added_once(place: Any, olga: Any, today: Any, added: Make) -> None:
    data = f"{HEAD}\n{ROW}".encode()
    added(place, data)
    with pytest.raises(Refused, match="added before"):
        added(place, data)
    assert Entry.objects.filter(event="trail.file_added").count() == 1
