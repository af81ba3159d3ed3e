from __future__ import annotations

import pytest

from offboarding.lib.typed import whole


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("7", 7), ("007", 7), ("999999999", 999_999_999)])
def test_digits_are_a_number(text: str, number: int) -> None:
    assert whole(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 7",
        "7 ",
        "+7",
        "-7",
        "7.0",
        "7e2",
        "²",
        "٣",
        "７",
        "1_000",
        "x",
        "\x00",
        "1000000000",
        "9" * 5000,
    ],
)
def test_everything_else_is_none(text: str) -> None:
    assert whole(text) is None


def test_a_longer_number_is_taken_where_it_is_asked_for() -> None:
    assert whole("1234567890", digits=15) == 1_234_567_890
    assert whole("1234", digits=3) is None
