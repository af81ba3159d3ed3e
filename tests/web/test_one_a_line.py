"""Roles, one on each line."""

from __future__ import annotations

from offboarding.web.templatetags.elements import one_a_line


def test_each_role_stands_on_a_line_of_its_own() -> None:
    assert one_a_line("Source Admin, 6 sources; Minimal Workspace Access").count("<br>") == 1


def test_what_came_from_outside_is_escaped() -> None:
    assert "<script>" not in one_a_line("<script>x</script>; Member")
