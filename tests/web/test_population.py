"""The population report in the browser and as files: what a spreadsheet reads ties to the page."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from offboarding.directory.models import Membership
from offboarding.ledger.actions import Event
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.cells import csv_line
from offboarding.packets.models import Packet
from offboarding.packets.perform import perform
from offboarding.removals.models import RemovalRequest
from offboarding.reports.population.controls import controls
from offboarding.trail.rules import KEPT
from offboarding.users.rules import Role
from offboarding.work.actions import claim
from tests.conftest import PASSWORD
from tests.reports.conftest import engagement, gone, happened, now, on_roster  # noqa: F401

Make = Callable[..., Any]
URL = "/reports/population/"


@pytest.fixture
def desk(client: Browser, erin: Any) -> Browser:
    Membership.objects.filter(user=erin).delete()
    Membership.objects.create(user=erin, role=Role.AUDITOR.value)
    client.force_login(erin)
    return client


@pytest.fixture
def world(
    running: Make,
    filed: Make,
    gone: Make,  # noqa: F811
    engagement: Make,  # noqa: F811
    on_roster: Make,  # noqa: F811
    happened: Make,  # noqa: F811
    today: date,
) -> list[Any]:
    """One in time, one late, one open; two people who were forgotten, one of them with a name like a formula; and a removal
    that nobody asked for.
    """
    quick, slow, waits = running("Acme Staging"), running("Acme Production"), filed("Globex Production")
    gone(quick, hours=3)
    gone(slow, hours=30)
    over = engagement(ends_on=today - timedelta(days=4))
    on_roster("lee@x.example", over, name="=HYPERLINK(1)")
    on_roster("kim@x.example", over, name="Kim")
    happened(quick.places.get().workspace, "User Removed", "=cmd@x.example", hours=2, email="eve@x.example")
    return [quick, slow, waits]


def says(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def prove(browser: Browser) -> None:
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def noted(event: Event) -> list[dict[str, Any]]:
    return [canonical.loads(bytes(entry.body))["facts"] for entry in Entry.objects.filter(event=event)]


def test_the_page_says_how_it_stands(desk: Browser, world: list[Any]) -> None:
    text = says(desk.get(URL))
    assert "3 requests · 1 in time (50 %) · 1 late · 1 open within the limit · median 16 h 30 min" in text
    assert "2 people left without a request" in text and "Kim" in text
    assert "3 workspaces cannot be compared" in text and "its audit trail was not copied yet" in text
    assert (
        "show 1 removal that no request asked for: exception." in text and "eve@x.example (a person)" in text
    )
    assert "30 h of 24 h" in text and "Acme Production was found empty last" in text
    assert "A.5.18" in text and "164.308(a)(3)(ii)(C)" in text


def test__of_a_period_gets_no_report_of_another(
    desk: Browser, world: list[Any], erin: Any, today: date
) -> None:
    days = timedelta(days=1)
    Membership.objects.filter(user=erin).update(records_from=today - 9 * days, records_until=today)
    assert f'value="{(today - 9 * days).isoformat()}"' in desk.get(URL).content.decode()
    assert "3 requests" in says(desk.get(URL))
    wider = desk.get(f"{URL}?since={today - 10 * days}&until={today}")
    assert wider.status_code == 422
    assert "Your access is to records of" in says(wider) and "3 requests" not in says(wider)
    asked = f"since={today - 10 * days}&until={today}"
    prove(desk)
    for path in ("export/", "export.csv", "export.xlsx"):
        assert desk.get(f"{URL}{path}?{asked}")["Location"].startswith(URL)
    assert desk.get(f"{URL}sample.zip?{asked}&sample=1&seed=7").status_code == 404


def test__of_one_client_reads_that_requests_for_several_are_not_listed(
    client: Browser, filed: Make, person: Make
) -> None:
    filed("Acme Staging", "Globex Production")
    client.force_login(person("edna", Role.AUDITOR, clients_=("Acme",)))
    text = says(client.get(URL))
    assert "1 more request reaches into a client that you may not read too, so it is not listed here." in text
    assert "Packets has the part of your client" in text and "Globex" not in text
    prove(client)
    assert "reach into other clients 1" in says(client.get(f"{URL}export/"))


def test_the_usual_period_is_one_that_a_first_copy_of_a_trail_covers(desk: Browser, today: date) -> None:
    (since,) = re.findall(r'name="since"[^>]*value="([^"]+)"', desk.get(URL).content.decode())
    assert date.fromisoformat(since) - timedelta(days=1) > today - KEPT, "also where the day begins earlier"


def test_the_chart_says_the_same_as_its_table(desk: Browser, world: list[Any]) -> None:
    html = desk.get(URL).content.decode()
    chart = html[html.index('id="times"') : html.index("</figure>")]
    assert "1 to 4 h: 1, 4 to 24 h: 0, 1 to 3 days: 1, over 3 days: 0, not gone: 1" in chart
    table = re.findall(r'<th scope="row">([^<]+)</th><td class="right">(\d+)', chart)
    assert table == [("up to 1 h", "0"), ("1 to 4 h", "1"), ("4 to 24 h", "0"), ("1 to 3 days", "1"),
                     ("over 3 days", "0"), ("not gone", "1")]  # fmt: skip


def test_an_empty_period_says_what_cannot_be_known(desk: Browser) -> None:
    text = says(desk.get(f"{URL}?since=2020-01-01&until=2020-03-31"))
    assert "No access should have ended in this period." in text
    assert "Nobody stands on a roster, so people who left without a request cannot be found." in text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("since=x", "Enter a valid date"),
        ("since=2026-03-02&until=2026-03-01", "This day is before the first one"),
        ("since=2019-01-01&until=2026-01-01", "at most three years"),
        ("kind=Weather", "Select a valid choice"),
    ],
)
def test_a_filter_that_cannot_be_read_says_so(desk: Browser, query: str, words: str) -> None:
    answer = desk.get(f"{URL}?{query}")
    assert answer.status_code == 422 and words in says(answer)


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 403), ("bob", 403), ("olga", 403), ("erin", 200), ("sam", 200)]
)
def test_auditors_security_and_administrators_read_it(
    who: str, status: int, client: Browser, request: Any
) -> None:
    client.force_login(request.getfixturevalue(who))
    assert client.get(URL).status_code == status
    for path in ("export/", "export.csv", "export.xlsx"):
        assert client.get(URL + path).status_code == (403 if status == 403 else 302)


def test_it_asks_the_same_however_many_there_are(desk: Browser, running: Make, workspace: Make) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as taken:
            assert desk.get(URL).status_code == 200
        return len(taken)

    place = workspace("Acme Staging")
    running(connected=(place,))
    desk.get(URL)
    before = queries()
    for n in range(4):
        running(connected=(place, workspace(f"Acme {n}")))
    assert queries() == before


def test_opening_is_noted_once_for_each_set_of_filters(desk: Browser, today: date) -> None:
    for _ in range(3):
        desk.get(URL)
        desk.get(f"{URL}?kind=Security")
    first, second = noted(Event.POPULATION_OPENED)
    assert first["filters"]["until"] == today.isoformat() and second["filters"]["Kind"] == "Security"


# ---------------------------------------------------------------- files


def test_nothing_leaves_without_a_fresh_proof(desk: Browser, world: list[Any]) -> None:
    for path in ("export/", "export.csv", "export.xlsx", "sample.zip?sample=2&seed=1"):
        assert desk.get(URL + path).status_code == 302
    assert not noted(Event.POPULATION_EXPORTED) and not noted(Event.SAMPLE_DOWNLOADED)


def sheets(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(BytesIO(data), read_only=True)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def test_a_spreadsheet_ties_to_the_page(desk: Browser, world: list[Any]) -> None:
    prove(desk)
    page = says(desk.get(f"{URL}export/"))
    found = sheets(body(desk.get(f"{URL}export.xlsx")))
    assert list(found) == [
        "Cover",
        "Requests",
        "Workspaces",
        "Leavers without request",
        "Removals without request",
        "Not compared",
        "Controls",
    ]
    cover = {row[0]: row[1] for row in found["Cover"]}
    rows = {
        name: [dict(zip(table[0], row, strict=True)) for row in table[1:]] for name, table in found.items()
    }
    stands = [row["standing"] for row in rows["Requests"]]
    assert cover["Requests"] == len(rows["Requests"]) == 3
    assert all(cover[f"Rows in {name}"] == len(rows[name]) for name in list(found)[1:])
    for name, word in (
        ("In time", "in time"),
        ("Late", "late"),
        ("Overdue", "overdue"),
        ("Open within the limit", "open"),
    ):
        assert cover[name] == stands.count(word)
        assert f"{name} {cover[name]}" in page
    minutes = sorted(
        row["minutes from trigger"] for row in rows["Requests"] if row["minutes from trigger"] is not None
    )
    assert minutes == [180, 1800] and cover["Median, minutes"] == 990
    assert cover["Leavers without request"] == len(rows["Leavers without request"]) == 2
    assert cover["Removals without request"] == len(rows["Removals without request"]) == 1
    assert cover["Workspaces not compared"] == len(rows["Not compared"]) == 3
    assert sum(row["workspaces gone"] for row in rows["Requests"]) == 2
    assert len(rows["Workspaces"]) == sum(row["workspaces"] for row in rows["Requests"])
    assert (
        cover["Made for"] == "Erin <erin@northwind.example>"
        and cover["From"]
        and cover["Made at"].endswith("Z")
    )


def test_the_table_of_lines_says_the_same_and_its_digest_can_be_made_again(
    desk: Browser, world: list[Any]
) -> None:
    prove(desk)
    lines = list(csv.reader(StringIO(body(desk.get(f"{URL}export.csv")).decode(), newline="")))
    cover = {line[0][2:]: line[1] for line in lines if line[0].startswith("# ") and len(line) == 2}
    tables: dict[str, list[list[str]]] = {}
    for line in lines[len(cover) :]:
        if line[0].startswith("# table "):
            name = line[0].removeprefix("# table ")
        else:
            tables.setdefault(name, []).append(line)
    assert [len(table) - 1 for table in tables.values()] == [3, 3, 2, 1, 3, len(controls())]
    assert {f"Rows in {name}": str(len(table) - 1) for name, table in tables.items()}.items() <= cover.items()
    assert cover["Requests"] == "3" and cover["Leavers without request"] == "2"
    seen = sha256()
    for table in tables.values():
        for cells in table:
            seen.update(plain_line(cells))
    assert cover["SHA-256 of all tables"] == seen.hexdigest()
    book = sheets(body(desk.get(f"{URL}export.xlsx")))
    assert dict(row[:2] for row in book["Cover"])["SHA-256 of all tables"] == seen.hexdigest()
    assert [list(map(text, row)) for row in book["Requests"]] == tables["Requests"]
    told = noted(Event.POPULATION_EXPORTED)
    assert [each["format"] for each in told] == ["csv", "xlsx"]
    assert {each["sha256"] for each in told} == {seen.hexdigest()} and told[0]["rows"] == 3


def plain_line(cells: list[str]) -> bytes:
    """As it stands in the file: what was made neutral once is not made so again."""
    out = StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


def text(cell: Any) -> str:
    return "" if cell is None else str(cell)


def test_a_name_that_looks_like_a_formula_is_a_name_in_both(desk: Browser, world: list[Any]) -> None:
    prove(desk)
    data = body(desk.get(f"{URL}export.xlsx"))
    book = openpyxl.load_workbook(BytesIO(data))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert "'=HYPERLINK(1)" in {cell.value for cell in cells}
    assert b"'=HYPERLINK(1)," in body(desk.get(f"{URL}export.csv"))
    assert csv_line(["=1"]) == b"'=1\r\n"


# ---------------------------------------------------------------- the sample


@pytest.fixture
def sealed(world: list[Any], settings: Any, tmp_path: Path) -> list[Any]:
    """The first two have a packet."""
    settings.PACKET_ROOT, settings.EVIDENCE_ROOT = tmp_path / "packets", tmp_path / "evidence"
    for removal in world[:2]:
        RemovalRequest.objects.filter(pk=removal.pk).update(stage="closed", closed_at=removal.starts_at)
        held = claim(Packet, Packet.objects.create(removal=removal, state="ready").pk)
        assert held
        perform(held)
    return world


def test_a_sample_is_drawn_by_its_seed_and_taken_in_one_download(desk: Browser, sealed: list[Any]) -> None:
    query = "?sample=3&seed=20260331"
    page = says(desk.get(URL + query))
    assert "3 drawn, 2 of them with a sealed packet" in page
    prove(desk)
    answer = desk.get(f"{URL}sample.zip{query}")
    taken = zipfile.ZipFile(BytesIO(body(answer)))
    assert taken.testzip() is None
    index = list(csv.reader(StringIO(taken.read("sample.csv").decode(), newline="")))
    table = [line for line in index if not line[0].startswith("# ")]
    order = files_order([removal.reference for removal in sealed])
    assert [line[1] for line in table[1:]] == order
    assert {line[3] for line in table[1:]} >= {"not sealed yet"}
    for packet in Packet.objects.filter(state="done"):
        assert sha256(taken.read(packet.file)).hexdigest() == packet.sha256
    assert len(taken.namelist()) == 3
    (told,) = noted(Event.SAMPLE_DOWNLOADED)
    assert (told["size"], told["seed"], told["requests"]) == (3, "20260331", order)
    assert [each["part"] for each in noted(Event.PACKET_DOWNLOADED)] == ["sample", "sample"]


def files_order(references: list[str]) -> list[str]:
    return sorted(references, key=lambda one: sha256(f"20260331:{one}".encode()).hexdigest())


def test_a_packet_whose_file_is_away_is_said_to_be(desk: Browser, sealed: list[Any]) -> None:
    from offboarding.packets.queries import path_of

    path_of(Packet.objects.filter(state="done")[0]).unlink()
    prove(desk)
    taken = zipfile.ZipFile(BytesIO(body(desk.get(f"{URL}sample.zip?sample=9&seed=1"))))
    assert len(taken.namelist()) == 2
    assert "the file is not where we keep it" in taken.read("sample.csv").decode()


@pytest.mark.parametrize("query", ["sample=0&seed=1", "sample=201&seed=1", "sample=x&seed=1", "sample=3"])
def test_a_sample_that_cannot_be_drawn_says_so(desk: Browser, world: list[Any], query: str) -> None:
    assert "has-error" in desk.get(f"{URL}?{query}").content.decode()
    prove(desk)
    assert desk.get(f"{URL}sample.zip?{query}").status_code == 404


def printed(browser: Browser, query: str = "") -> str:
    """As `says`, of a page that comes in parts."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body(browser.get(f"{URL}print/{query}")).decode()))


def test_the_print_has_a_cover_and_every_row_of_every_page(
    desk: Browser, world: list[Any], erin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from offboarding.web.population import views

    monkeypatch.setattr(views, "PAGE", 1)
    assert says(desk.get(URL)).count("R-100") < 3 * 2, "the page shows some of them"
    assert desk.get(f"{URL}print/")["Location"].startswith("/confirm-identity/"), (
        "as a file, it asks for a proof first"
    )
    prove(desk)
    text = printed(desk)
    for removal in world:
        assert f"{removal.reference} {removal.person_name}" in text
    assert f"Printed by {erin.name} &lt;{erin.email}&gt;" in text
    assert re.search(r"Read at \d+ \w+ \d{4} \d\d:\d\d:\d\d \w+ \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)", text)
    assert "Client all clients of the reader Kind all" in text and "Requests 3 " in text
    assert "2 people left without a request" in text and "eve@x.example" in text
    assert " today " not in text and "yesterday" not in text and "tomorrow" not in text
    (facts,) = noted(Event.POPULATION_EXPORTED)
    assert (facts["format"], facts["rows"]) == ("print", 3)


def test_the_print_has_what_is_out_of_the_ordinary_first_and_the_rest_line_by_line(
    desk: Browser, world: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    prove(desk)
    text = printed(desk)
    odd, plain = text.index("1 request out of the ordinary"), text.index("2 other requests")
    assert odd < text.index(world[1].reference) and plain < text.rindex(world[0].reference)
    assert "SHA-256 of all tables" in text[:odd], "the files of the same filters have it too"
    monkeypatch.setattr("offboarding.web.population.printing.LINES", 0)
    short = printed(desk)
    assert "one line for each client" in short and f"{world[0].reference} to {world[0].reference}" in short


def test_the_print_keeps_to_the_filters_and_to_the_reader(
    desk: Browser, world: list[Any], clients: Any
) -> None:
    prove(desk)
    text = printed(desk, f"?client={clients['Acme'].pk}")
    assert world[0].reference in text and world[2].reference not in text
    assert "No access should have ended in this period." in printed(
        desk, "?since=2020-01-01&until=2020-03-31"
    )
    assert desk.get(f"{URL}print/?since=nonsense")["Location"].startswith(URL)


def test_a_name_that_is_markup_prints_no_row_elsewhere(desk: Browser, world: list[Any]) -> None:
    from offboarding.removals.models import RemovalRequest

    RemovalRequest.objects.update(person_name="<!-- rows -->")
    prove(desk)
    assert body(desk.get(f"{URL}print/")).decode().count("<!-- rows -->") == 0
