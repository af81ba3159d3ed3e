"""What stands in no file, and what must be one and the same in all of them."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from offboarding.ledger.events import Event
from tests.house.source import PRODUCT, ROOT, listing, modules, room_of, tree

TEXT = {
    ".py", ".html", ".txt", ".toml", ".md", ".css", ".js", ".yml", ".yaml", ".typ", ".cfg", ".json", ".sh", ""
}  # fmt: skip
MEGABYTE = 1_000_000


@cache
def files() -> tuple[Path, ...]:
    """What is in the repository, or would be: git's own list, without what it ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return tuple(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


@cache
def texts() -> tuple[tuple[Path, tuple[str, ...]], ...]:
    """Text files of ours, line by line: no recorded answers, no lists that a tool made."""
    made = ("package-lock.json", "demo.json")
    return tuple(
        (path, tuple(path.read_text(encoding="utf-8").splitlines()))
        for path in files()
        if path.suffix in TEXT and path.name not in made and not foreign(path)
    )


def foreign(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return "vendor" in parts or "samples" in parts or parts[0] == "requirements" or "fonts" in parts


def shown(path: Path, number: int, line: str) -> str:
    return f"{path.relative_to(ROOT)}:{number}: {line.strip()[:90]}"


# Written in halves, so that this file does not offend itself.
NOWHERE = [
    (r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b", "what is not finished is not in the repository"),
    (r"(?<![\w./-])/(?:wo" + r"rk|ro" + r"ot)/", "a path of one machine"),
    (r"/ho" + r"me/\w+/", "a path of one machine"),
    (r"breakpo" + r"int\(\)|pdb\.set_" + r"trace", "left over from looking for a mistake"),
]


@pytest.mark.parametrize(("pattern", "because"), NOWHERE, ids=[row[1] for row in NOWHERE])
def test_a_word_stands_nowhere(pattern: str, because: str) -> None:
    wanted = re.compile(pattern)
    offences = [
        shown(path, number, line)
        for path, lines in texts()
        for number, line in enumerate(lines, 1)
        if wanted.search(line)
    ]
    assert not offences, because + listing(offences)


def test_the_product_does_not_beg() -> None:
    """Short sentences, everyday verbs: no such word in what people read."""
    word = re.compile(r"\bple" + r"ase\b", re.IGNORECASE)
    offences = [
        shown(path, number, line)
        for path, lines in texts()
        if path.is_relative_to(PRODUCT) or path.parts[len(ROOT.parts)] in ("templates", "static", "docs")
        for number, line in enumerate(lines, 1)
        if word.search(line) and word.sub("", line)
    ]
    assert not offences, listing(offences)


def test_no_exception_is_caught_without_its_name() -> None:
    offences = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert not offences, listing(offences)


def test_nobody_sleeps() -> None:
    """Waiting is a time in the database. Simulators are slow on purpose."""
    offences = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules()
        if room_of(path) != "simulators"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep", "asyncio.sleep")
    ]
    assert not offences, listing(offences)


def test_no_file_is_over_a_megabyte_except_fonts() -> None:
    offences = [
        f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes"
        for path in files()
        if path.stat().st_size > MEGABYTE and path.suffix not in (".ttf", ".otf", ".woff2")
    ]
    assert not offences, listing(offences)


# ---------------------------------------------------------------- events


def event_uses() -> dict[str, list[str]]:
    """Every `Event.X` in the product, by X."""
    found: dict[str, list[str]] = {}
    for path in modules():
        if path.name == "events.py":
            continue
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "Event"
            ):
                found.setdefault(node.attr, []).append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return found


def test_every_event_of_the_closed_list_happens_somewhere() -> None:
    assert {event.name for event in Event} - set(event_uses()) == set()


def test_no_event_happens_that_is_not_in_the_closed_list() -> None:
    unknown = {name: places for name, places in event_uses().items() if name not in Event.__members__}
    assert unknown == {}


def test_events_are_named_noun_dot_past_tense() -> None:
    assert [event.value for event in Event if not re.fullmatch(r"[a-z]+\.[a-z_]+", event.value)] == []


# ---------------------------------------------------------------- lock files


LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_with_hashes(lock: Path) -> None:
    text = lock.read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    offences = [
        line[:60]
        for line in lines
        if not re.match(r"^[\w.\[\],-]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}", line)
    ]
    assert lines and not offences, listing(offences)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_file_names_no_index(lock: Path) -> None:
    offences = [
        line
        for line in lock.read_text().splitlines()
        if "://" in line.split("#")[0] or line.startswith(("-i", "--index", "--extra-index", "--find"))
    ]
    assert not offences, listing(offences)
