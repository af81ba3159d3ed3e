"""The body of a plan over a hundred workspaces is megabytes: a list of its steps must not bring it along with each row."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = sorted(path for path in (ROOT / "offboarding").rglob("*.py") if "migrations" not in path.parts)
ONE_ROW = {"get", "first", "last"}


def joins(tree: ast.AST) -> Iterator[tuple[ast.Call, list[str], str]]:
    """Each `select_related`: the call, the methods of the chain that it stands in, and all of the chain's words."""
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "select_related":
            top: ast.AST = node
            while isinstance(above[top], ast.Attribute | ast.Call) and above[top] is not None:
                if isinstance(above[top], ast.Call) and getattr(above[top], "func", None) is not top:
                    break
                top = above[top]
            yield (
                node,
                [each.attr for each in ast.walk(top) if isinstance(each, ast.Attribute)],
                ast.unparse(top),
            )


def texts(tree: ast.AST, call: ast.Call) -> list[str]:
    """What is joined, with tuples that were given a name before."""
    named = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found = list[str]()
    for given in call.args:
        inside = (
            named.get(given.value.id)
            if isinstance(given, ast.Starred) and isinstance(given.value, ast.Name)
            else given
        )
        found += [each.value for each in ast.walk(inside) if isinstance(each, ast.Constant)] if inside else []
    return [text for text in found if isinstance(text, str)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_list_carries_the_body_of_its_plan(path: Path) -> None:
    tree = ast.parse(path.read_text())
    heavy = [
        f"line {call.lineno}: {chain[:160]}"
        for call, methods, chain in joins(tree)
        if any("plan" in text.split("__") for text in texts(tree, call))
        and "plan__body" not in chain
        and "AT_PLAN}__body" not in chain
        and not ONE_ROW & set(methods)
    ]
    assert not heavy, heavy
