"""A packet of thousands of steps: short on paper, whole in its lists."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import page
import pypdf

from offboarding.packets.contents import Evidence, Finding, Item, PacketContents, Remark
from offboarding.packets.lists import lists, tables
from offboarding.packets.report import render
from offboarding.packets.report.data import report_data
from offboarding.packets.report.folding import READ, ranges

Make = Callable[..., PacketContents]
KEY = "56475aa75463474c"


def step(number: int, state: str = "verified") -> Item:
    title, place = f"Remove the old keys of Source {number}", f"Workspace {number % 90}"
    return Item(
        number, "rotate", "automated", title, state, "Offboard", "2026-03-31T09:44:00Z", "", place, (number,)
    )


def many(sample: Make, count: int, make_evidence: Callable[..., Evidence]) -> PacketContents:
    steps = tuple(step(number, "failed" if number == 70 else "verified") for number in range(1, count + 1))
    seen = tuple(
        Finding(f"Workspace {number}", "Members", "absent", "2026-03-31T09:45:00Z", "Offboard", "", (number,))
        for number in range(count)
    )
    files = tuple(make_evidence(number, f"calls-{number}.json", b"{}") for number in range(1, count + 1))
    told = tuple(Remark(f"Step {number}", "Skipped by Olga: not used.") for number in range(count))
    return sample(items=steps, findings=seen, evidence=files, exceptions=told)


def read(contents: PacketContents, name: str) -> list[dict[str, str]]:
    (file,) = (each for each in lists(contents) if each.path == f"lists/{name}.csv")
    with file.open() as stream:
        return list(csv.DictReader(io.StringIO(stream.read().decode())))


def test_a_long_report_is_short_and_an_archive_document_with_the_same_bytes_twice(
    sample: Make, make_evidence: Callable[..., Evidence], tmp_path: Path
) -> None:
    pdf = render(many(sample, 6000, make_evidence), KEY)
    (tmp_path / "report.pdf").write_bytes(pdf)
    for profile in ("2a", "ua1"):
        assert page.validate_pdf(str(tmp_path / "report.pdf"), profile=profile).is_compliant, profile
    found = pypdf.PdfReader(io.BytesIO(pdf)).pages
    assert len(found) < 20
    said = " ".join(" ".join(one.extract_text() for one in found).split())
    assert "Every row of every table stands in the folder data/lists" in said
    assert (
        "5999 steps, such as: Remove the old keys of Source 1 in 90 workspaces Numbers 1–69, 71–6000" in said
    )
    assert pdf == render(many(sample, 6000, make_evidence), KEY)


def test_what_is_out_of_the_ordinary_has_a_row_of_its_own(
    sample: Make, make_evidence: Callable[..., Evidence]
) -> None:
    (phase,) = report_data(many(sample, 1000, make_evidence), KEY)["phases"]
    assert [row["state"]["word"] for row in phase["items"]] == ["Failed", "Verified"]
    assert phase["items"][0]["number"] == "70"


def test_a_table_that_can_be_read_is_printed_row_by_row(
    sample: Make, make_evidence: Callable[..., Evidence]
) -> None:
    data = report_data(many(sample, READ, make_evidence), KEY)
    assert data["folded"] == ""
    assert (len(data["phases"][0]["items"]), len(data["evidence"]), len(data["exceptions"])) == (READ,) * 3


def test_whatever_differs_a_table_on_paper_has_an_end(sample: Make) -> None:
    told = tuple(Remark(f"Step {number}", f"Skipped: {number}") for number in range(5000))
    shown = report_data(sample(exceptions=told), KEY)["exceptions"]
    assert len(shown) == READ + 1
    assert shown[-1]["about"].startswith(f"{5000 - READ} times")


def test_every_row_stands_in_the_lists(sample: Make, make_evidence: Callable[..., Evidence]) -> None:
    contents = many(sample, 1000, make_evidence)
    for name, (_head, rows, _cells) in tables(contents).items():
        assert len(read(contents, name)) == len(rows), name
    assert read(contents, "steps")[69]["state"] == "failed"
    assert read(contents, "evidence")[0]["sha256"] == contents.evidence[0].sha256


def test_no_cell_of_a_list_begins_a_formula(sample: Make) -> None:
    told = Remark("=HYPERLINK(1)", "+1", (1, 2))
    (row,) = read(sample(exceptions=(told,)), "exceptions")
    assert row == {"about": "'=HYPERLINK(1)", "what happened": "'+1", "evidence": "1 2"}


def test_heads_and_cells_of_the_lists_are_of_one_length(sample: Make) -> None:
    for name, (head, rows, cells) in tables(sample()).items():
        assert all(len(cells(row)) == len(head.split(", ")) for row in rows), name


def test_numbers_are_told_as_ranges() -> None:
    assert ranges([3, 1, 2, 8, 5, 6, 5]) == "1–3, 5–6, 8"
    assert ranges(range(1, 40, 2)).endswith("13, 15, …")
    assert ranges(range(1, 40, 2), most=None).endswith("37, 39")
