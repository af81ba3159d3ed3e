"""What the source itself rules out: each rule would be broken by a line, so each reads the lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.source import listing

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = (ROOT / "static/js/app.js").read_text(encoding="utf-8")
# Statements of our own that no query of Django's can say. None takes a text of somebody's but as a parameter.
OWN_SQL = {
    "spelled.py",
    "connections/queries.py",
    "work/guards.py",
    "ledger/actions.py",
    "ledger/management/commands/limit_web_role.py",
    "work/clock.py",
    "work/desks.py",
}
# What needs no secret: pauses that spread, and the simulators' believable data.
CHANCE = {
    "discovery/perform.py",
    "execution/perform.py",
    "notifications/outbox.py",
    "retention/management/commands/verify_evidence.py",
    "stamps/perform.py",
    "trail/perform.py",
}
TRIES = {"search", "match", "fullmatch", "sub", "findall", "finditer", "split", "compile"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / "offboarding").rglob("*.py")):
        name = path.relative_to(ROOT / "offboarding").as_posix()
        if "/migrations/" not in name and not name.startswith("simulators/"):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> set[str]:
    names = {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_sql_is_written_by_hand_in_few_places_and_takes_parameters() -> None:
    by_hand = {name for name, tree in modules() if re.search(r"\.cursor\(\)|RawSQL", ast.unparse(tree))}
    by_hand |= {name for name, tree in modules() if re.search(r"objects\.raw\(|\.extra\(", ast.unparse(tree))}
    assert by_hand == OWN_SQL, listing(sorted(by_hand ^ OWN_SQL))


def test_no_bytes_become_objects() -> None:
    """Nothing that runs code while it reads: no pickle, marshal, shelve, nor YAML."""
    reads = {"pickle", "marshal", "shelve", "yaml", "dill", "jsonpickle"}
    assert not [name for name, tree in modules() if imported(tree) & reads]


def test_what_answers_get_answers_head() -> None:
    """A monitor asks for the head of a page first. Only what is taken away, and written down, has to be asked for itself."""
    refuse = re.compile(r"require_GET|require_http_methods\(\[(?!.*HEAD).*GET")
    assert not [
        name for name, tree in modules() if name != "web/http.py" and refuse.search(ast.unparse(tree))
    ]


def test_what_must_not_be_guessed_does_not_come_from_random() -> None:
    assert {name for name, tree in modules() if "random" in imported(tree)} <= CHANCE


def expressions(tree: ast.Module) -> Iterator[ast.expr]:
    """What is given to `re` as a pattern."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in TRIES:
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id == "re" and node.args:
                yield node.args[0]


def constant(given: ast.expr) -> bool:
    """Written in the source: a text, or one put together from names in capitals. `spelled` is what `re.escape` made of names."""
    parts = [node for node in ast.walk(given) if isinstance(node, ast.Name)]
    return all(part.id.isupper() or part.id in ("look", "re", "spelled") for part in parts)


def test_no_regular_expression_is_built_from_input() -> None:
    wrong = [
        f"{name}: {ast.unparse(each)}"
        for name, tree in modules()
        for each in expressions(tree)
        if not constant(each)
    ]
    assert not wrong, listing(wrong)


def test_the_script_keeps_nothing_but_whether_updates_are_paused() -> None:
    assert re.findall(r"(?:local|session)Storage\.setItem\((\w+)", SCRIPT) == ["PAUSED"]
    assert not re.search(r"indexedDB|document\.cookie|caches\.", SCRIPT)


def test_the_script_copies_no_foreign_keys_into_objects() -> None:
    """So that no key of somebody's (`__proto__`) changes what all objects have."""
    assert not re.search(r"__proto__|\.prototype|Object\.assign|\.\.\.JSON|structuredClone", SCRIPT)
    assert SCRIPT.count("JSON.parse") == 1, "our own header, which is no input"
