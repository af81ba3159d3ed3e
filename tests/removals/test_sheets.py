"""Reading a list of people: what people paste out of spreadsheets, and what cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offboarding.lib.refusals import Refused
from offboarding.removals.sheets import MOST_ROWS, TEMPLATE, Typed, decoded, rows_of


def test_the_template_reads_as_it_says() -> None:
    (row,) = rows_of(TEMPLATE, "text")
    assert (row.email, row.name, row.reason) == ("sam@partner.example", "Sam Ode", "contract-ended")
    assert row.addresses == ("sam@partner.example", "sam@home.example", "sam.ode@old.example")


@pytest.mark.parametrize(
    "text",
    [
        "Name,E-Mail,Ticket\nSam,sam@x.example,CS-1\n",
        "name;email;ticket\r\nSam;sam@x.example;CS-1",
        "email\tname\tnonsense\tticket\nsam@x.example\tSam\tx\tCS-1\n\n",
        'email,name,ticket\n"sam@x.example","Sam","CS-1"\n',
        "sam@x.example,,Sam,,,CS-1",
        "\n\nsam@x.example;;Sam;;;CS-1\n\n",
    ],
)
def test_columns_are_found_by_name_or_by_place(text: str) -> None:
    assert rows_of(text, "text") == (Typed("sam@x.example", name="Sam", ticket="CS-1"),)


def test_bare_addresses_are_one_a_line() -> None:
    assert [row.email for row in rows_of("a@x.example\nb@x.example\n", "text")] == [
        "a@x.example",
        "b@x.example",
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "nobody"),
        ("email,name\n", "nobody"),
        ("\n".join(f"p{n}@x.example" for n in range(MOST_ROWS + 1)), f"at most {MOST_ROWS}"),
        ('email\n"open@x.example', "quotation mark"),
        ("a@x.example," + "x" * 5000, "longer than 4000"),
    ],
)
def test_what_cannot_be_filed_is_refused_with_what_to_do(text: str, wanted: str) -> None:
    with pytest.raises(Refused, match=wanted) as refusal:
        rows_of(text, "text")
    assert refusal.value.facts["field"] == "text"


@pytest.mark.parametrize(
    ("data", "wanted"),
    [(b"\xff\xfe\x00", "UTF-8"), (b"a\0b", "no text"), (b"x" * 1_000_001, "larger than 1 MB")],
)
def test_a_file_that_is_no_list_is_refused(data: bytes, wanted: str) -> None:
    with pytest.raises(Refused, match=wanted):
        decoded(data)


def test_the_mark_that_spreadsheets_put_in_front_is_none_of_the_first_column() -> None:
    assert rows_of(decoded("\ufeffemail\na@x.example".encode()), "file")[0].email == "a@x.example"


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        rows = rows_of(text.replace("\0", ""), "text")
    except Refused as refusal:
        said = refusal.sentence
    else:
        said = "read"
        assert 0 < len(rows) <= MOST_ROWS
    assert said
