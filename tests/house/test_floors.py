"""The floor plan: a room imports only from lower floors, and a file only from lower stairs of its room."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.source import PRODUCT, ROOT, Import, everything, imports, listing, modules, room_of, tree

# Bottom to top. Rooms on one floor do not know each other, except where the drawing puts them together.
FLOORS = (
    ("lib", "simulators"),
    ("gateways", "work", "ledger"),
    ("users", "stamps"),
    ("directory",),
    ("connections", "evidence"),
    ("discovery", "removals", "notifications", "trail"),
    ("checklist",),
    ("emergencies",),
    ("approvals",),
    ("execution",),
    ("verification",),
    ("letters",),
    ("packets",),
    ("retention",),
    ("journey", "reviews", "reports"),
    ("web", "api"),
    ("demo",),  # a door that shows itself in the frame of the web
)
DOORS = ("web", "api", "demo")
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
# What belongs to no room: the frame around the house, `pulse`, which any verb may call, and `spelled`, how SQL is kept.
FRAME = {
    "settings",
    "env",
    "checks",
    "celery",
    "pulse",
    "spelled",
    "urls",
    "wsgi",
    "asgi",
    "logs",
    "server",
    "sqlite3",
    "__init__",
}
OPEN_TO_ALL = {"pulse", "spelled"}


def own(each: Import) -> set[str]:
    """The rooms of ours that an import leads to."""
    parts = each.module.split(".")
    if parts[0] != "offboarding":
        return set()
    return {parts[1]} if len(parts) > 1 else set(each.names)


def test_every_folder_is_a_room_with_a_floor() -> None:
    found = {room_of(path) for path in modules()}
    assert found <= set(LEVEL) | FRAME, f"on no floor: {found - set(LEVEL) - FRAME}"


def test_a_room_imports_only_from_lower_floors() -> None:
    offences = []
    for each in everything():
        room = room_of(each.path)
        if room in FRAME:
            continue
        for other in own(each) - {room} - (FRAME if room in DOORS else OPEN_TO_ALL):
            if other not in LEVEL or LEVEL[other] >= LEVEL[room]:
                offences.append(f"{each.place}: {room} imports {other}")
    assert not offences, listing(offences)


NO_DJANGO = ("lib", "gateways", "simulators")
OUTSIDE = [
    ("django", lambda path: room_of(path) not in NO_DJANGO, "lib, gateways and simulators know no Django"),
    ("httpx", lambda path: room_of(path) == "gateways", "only gateways speak HTTP"),
    ("requests", lambda path: False, "nobody uses it"),
    ("boto3", lambda path: path == PRODUCT / "evidence" / "bucket.py", "only the bucket of evidence is S3"),
    ("urllib.request", lambda path: False, "nobody uses it"),
    (
        "celery",
        lambda path: path.name in ("celery.py", "pulse.py", "tasks.py"),
        "only the entrance sees Celery",
    ),
    (
        "offboarding.celery",
        lambda path: path.name in ("pulse.py", "tasks.py"),
        "only the entrance sees Celery",
    ),
    (
        "django.http",
        lambda path: room_of(path) in DOORS or path == PRODUCT / "users" / "adapter.py",
        "only doors, and the allauth adapter, see requests",
    ),
    (
        "offboarding.lib.sealing",
        lambda path: path in SEALERS,
        "only the keyring opens tokens, and the users' room its own secrets",
    ),
    ("offboarding", lambda path: room_of(path) != "simulators", "simulators import nothing of ours"),
]
SEALERS = {
    PRODUCT / "connections" / "keyring.py",
    PRODUCT / "users" / "sealed.py",
    PRODUCT / "lib" / "sealing.py",
    PRODUCT / "checks.py",  # tells at the start that a key is none
    PRODUCT / "work" / "sealed.py",  # seals anew, and shows nothing
}


@pytest.mark.parametrize(("package", "allowed", "because"), OUTSIDE, ids=[row[0] for row in OUTSIDE])
def test_a_package_is_imported_only_where_it_belongs(package: str, allowed: object, because: str) -> None:
    assert callable(allowed)
    offences = [
        each.place
        for each in everything()
        if each.reaches(package) and not allowed(each.path) and not inner(each, package)
    ]
    assert not offences, f"{because}:{listing(offences)}"


def inner(each: Import, package: str) -> bool:
    """Simulators import each other."""
    return package == "offboarding" and each.reaches("offboarding.simulators")


@pytest.mark.parametrize("word", ["HttpRequest", "sealed_token"])
def test_a_name_appears_only_where_it_belongs(word: str) -> None:
    allowed = {
        "HttpRequest": lambda path: room_of(path) in DOORS or path.name == "adapter.py",
        "sealed_token": lambda path: room_of(path) == "connections",
    }[word]
    offences = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules()
        if not allowed(path)
        for node in ast.walk(tree(path))
        if word in (getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "arg", ""))
    ]
    assert not offences, listing(offences)


# ---------------------------------------------------------------- stairs

STAIRS = {
    "rules": 0,
    "events": 0,
    "models": 1,
    "store": 2,
    "keyring": 2,
    "read": 2,
    "queries": 2,
    "actions": 3,
}
STAIRS |= {"steps": 4, "notes": 4, "perform": 5, "desks": 4, "engine": 5, "tasks": 5, "apps": 6}
# `execution/rules` needs no queries; `ledger/actions` reads its own queries; `keyring` is read by nobody below actions.
RIVER = [room for room in LEVEL if room not in ("lib", "simulators", "gateways", *DOORS)]


def stair_of(path: Path) -> str:
    return path.relative_to(PRODUCT).parts[1].removesuffix(".py")


def test_a_file_imports_only_from_lower_stairs_of_its_room() -> None:
    offences = []
    for each in everything():
        room, path = room_of(each.path), each.path
        if room not in RIVER or len(path.relative_to(PRODUCT).parts) < 2:
            continue
        here = STAIRS.get(stair_of(path))
        for other, level in STAIRS.items():
            if here is not None and level > here and each.reaches(f"offboarding.{room}.{other}"):
                offences.append(f"{each.place}: {stair_of(path)} imports {other}")
    assert not offences, listing(offences)


def test_rules_are_pure() -> None:
    """No Django, no clock, no dice, no files: values and `now` come in."""
    forbidden = (
        "django",
        "random",
        "secrets",
        "os",
        "time",
        "pathlib",
        "socket",
        "httpx",
        "structlog",
        "threading",
    )
    offences = [
        f"{each.place}: {each.module}"
        for each in everything()
        if each.path.name == "rules.py" and any(each.reaches(name) for name in forbidden)
    ]
    for path in (path for path in modules() if path.name == "rules.py"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today", "open"):
                offences.append(f"{path.relative_to(ROOT)}:{node.lineno}: asks the clock")
    assert not offences, listing(offences)


def test_verbs_never_call_the_network_nor_sleep() -> None:
    network = ("offboarding.gateways", "httpx", "socket", "subprocess")
    offences = [
        f"{each.place}: {each.module}"
        for each in everything()
        if each.path.name in ("actions.py", "queries.py", "models.py")
        and any(each.reaches(name) for name in network)
    ]
    assert not offences, listing(offences)


def test_models_call_no_verbs_and_keep_djangos_save() -> None:
    offences = []
    for path in (path for path in modules() if path.name == "models.py"):
        offences += [each.place for each in imports(path) if each.module.endswith(".actions")]
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef) and node.name in ("save", "delete"):
                offences.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}")
    assert not offences, listing(offences)


def test_queries_only_read() -> None:
    writes = {
        "create",
        "bulk_create",
        "update",
        "bulk_update",
        "delete",
        "save",
        "get_or_create",
        "update_or_create",
    }
    writes |= {"select_for_update", "set"}
    offences = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.func.attr}"
        for path in modules()
        if path.name == "queries.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in writes
    ]
    assert not offences, listing(offences)


def test_tasks_are_entrances_of_at_most_five_lines() -> None:
    offences = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}"
        for path in modules()
        if path.name == "tasks.py"
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno > 5
    ]
    assert not offences, listing(offences)
