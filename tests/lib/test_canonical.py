"""One value, one sequence of bytes."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offboarding.lib import canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


@pytest.mark.parametrize(
    ("value", "data", "reason"),
    [
        ({"b": 1, "a": 2}, b'{"a":2,"b":1}', "keys are sorted and no space is spent"),
        ({"é": 1, "z": 2}, '{"z":2,"é":1}'.encode(), "by code point, and text stays text"),
        (("x", None, True), b'["x",null,true]', "a tuple is a list"),
        (
            '\x00\n\x1f\x7f/"\\',
            b'"\\u0000\\n\\u001f\x7f/\\"\\\\"',
            "only what JSON must escape is escaped (RFC 8785)",
        ),
        ("e\u0301", b'"e\xcc\x81"', "text is not normalised"),
        (2**53 - 1, b"9007199254740991", "the largest number that all readers keep"),
    ],
)
def test_a_value_has_one_form(value: Any, data: bytes, reason: str) -> None:
    assert canonical.dumps(value) == data, reason


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (1.5, "$: float has no canonical form"),
        (float("nan"), "$: float has no canonical form"),
        ({"a": [0, {"b": 2.0}]}, "$.a[1].b: float has no canonical form"),
        (2**53, "$: a number beyond 2**53-1"),
        ({1: "x"}, "$: a key is not text"),
        ("\ud800", "$: text with a lone surrogate"),
        ({"\ud800": 1}, "$, a key: text with a lone surrogate"),
        (datetime(2026, 1, 1, tzinfo=UTC), "$: datetime has no canonical form"),
        (b"x", "$: bytes has no canonical form"),
        ({"a": {1, 2}}, "$.a: set has no canonical form"),
    ],
)
def test_what_has_no_canonical_form_is_refused_by_its_place(value: Any, says: str) -> None:
    with pytest.raises(canonical.NotCanonical) as refused:
        canonical.dumps(value)
    assert str(refused.value) == says


def test_nesting_without_end_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(canonical.NotCanonical, match="nested too deep"):
        canonical.dumps(value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a": 1}', "a space"),
        (b'{"b":1,"a":2}', "keys out of order"),
        (b'{"a":1,"a":1}', "the same key twice"),
        (b'"\\u00e9"', "an escape that is not needed"),
        (b"1.0", "a float"),
        (b"NaN", "not a number"),
        (b"1\n", "a line end"),
        (b"", "nothing"),
        (b'"\xff"', "not UTF-8"),
        (b"[" * 100_000, "nested too deep"),
    ],
)
def test_other_bytes_for_a_value_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(canonical.NotCanonical):
        canonical.loads(data)


@given(VALUES)
def test_reading_gives_back_what_was_written(value: Any) -> None:
    data = canonical.dumps(value)
    assert canonical.loads(data) == value
    assert canonical.dumps(canonical.loads(data)) == data


@given(st.dictionaries(TEXT, LEAVES))
def test_the_order_of_keys_changes_nothing(value: dict[str, Any]) -> None:
    backwards = dict(reversed(list(value.items())))
    assert canonical.digest(backwards) == canonical.digest(value)


def test_the_digest_is_that_of_the_bytes() -> None:
    # printf '{"a":1}' | sha256sum
    assert canonical.digest({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    assert json.loads(canonical.dumps({"a": 1})) == {"a": 1}
