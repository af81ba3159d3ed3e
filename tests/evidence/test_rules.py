"""How evidence is written down."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from offboarding.evidence.rules import in_lines


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=30,
    )
)
def test_json_for_people_says_the_same(value: Any) -> None:
    assert json.loads(in_lines(value)) == value


def test_json_for_people_has_a_line_for_each_thing_of_a_list() -> None:
    users = [{"id": "u1", "tags": ["a"]}, {"id": "u2", "tags": []}]
    lines = in_lines([{"status": 200, "response_body": {"data": {"users": users}}}]).splitlines()
    assert [line.strip() for line in lines[5:7]] == [
        '{"id": "u1", "tags": ["a"]},',
        '{"id": "u2", "tags": []}',
    ]
    assert lines[1:3] == [" {", '  "response_body": {']
