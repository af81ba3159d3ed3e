"""The documentation is complete: what exists is described, and what is described exists."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands

from offboarding.env import VARIABLES
from offboarding.ledger.events import Event
from offboarding.letters.wording import INLINE, ON_A_LINE
from tests.faults.case import names
from tests.house.source import PRODUCT, ROOT, listing

DOCS = ROOT / "docs"
PLAYBOOKS = sorted((PRODUCT / "checklist" / "playbooks").glob("*.toml"))


@cache
def doc(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def pages() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md"))]


@cache
def everything() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in pages())


def test_every_setting_is_described_with_its_default() -> None:
    missing = [each.name for each in VARIABLES if each.name not in doc("settings.md")]
    assert not missing, listing(missing)


def test_no_setting_is_described_that_does_not_exist() -> None:
    told = re.sub(r"OFFBOARD_[A-Z_]+ is not a setting", "", everything())  # how a wrong name is answered
    named = set(re.findall(r"\bOFFBOARD_[A-Z_]+\b", told))
    assert named - {each.name for each in VARIABLES} == set()


def commands() -> list[str]:
    return sorted(name for name, app in get_commands().items() if app.startswith("offboarding."))


@pytest.mark.parametrize("name", commands())
def test_every_command_is_described(name: str) -> None:
    assert re.search(rf"manage\.py {name}\b", everything()), (
        f"`manage.py {name}` is nowhere in README.md and docs/"
    )


def targets() -> list[str]:
    return re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", targets())
def test_every_target_of_the_makefile_is_described_and_has_a_line_of_help(name: str) -> None:
    assert re.search(rf"make {name}\b", everything()), f"`make {name}` is nowhere in README.md and docs/"
    assert re.search(rf"^{name}:.*## \S", (ROOT / "Makefile").read_text(), re.MULTILINE), (
        f"make {name}: no help"
    )


def test_every_command_that_is_described_exists() -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", everything()))
    assert named - set(get_commands()) - {"make_keys"} == set()
    named = set(re.findall(r"`make ([a-z]+)", everything()))
    assert named - set(targets()) == set()


def test_every_event_of_the_ledger_is_described() -> None:
    missing = [event.value for event in Event if event.value not in doc("ledger.md")]
    assert not missing, listing(missing)


def test_every_place_of_a_letter_is_described() -> None:
    missing = [name for name in (*INLINE, *ON_A_LINE) if f"`{{{name}}}`" not in doc("letters.md")]
    assert not missing, listing(missing)


def test_every_step_of_the_playbooks_is_described() -> None:
    codes = [step["code"] for path in PLAYBOOKS for step in tomllib.loads(path.read_text()).get("step", ())]
    missing = [code for code in codes if f"`{code}`" not in doc("playbook.md")]
    assert codes and not missing, listing(missing)


def test_every_case_of_the_trials_is_described() -> None:
    missing = [name for name in names() if f"| `{name}` |" not in doc("reliability.md")]
    assert names() and not missing, listing(missing)


def links() -> list[tuple[Path, str]]:
    return [
        (page, target)
        for page in pages()
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith("mailto:")
    ]


def test_every_link_leads_to_a_file() -> None:
    offences = [
        f"{page.relative_to(ROOT)}: {target}"
        for page, target in links()
        if not (page.parent / target).exists()
    ]
    assert not offences, listing(offences)


def test_every_page_of_the_docs_can_be_reached_from_the_front() -> None:
    reached = {(page.parent / target).resolve() for page, target in links()}
    missing = [
        path.name for path in DOCS.glob("*.md") if path.resolve() not in reached and path.name != "README.md"
    ]
    assert not missing, listing(missing)


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    told = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=told, verbosity=1)
    except SystemExit:
        pytest.fail(told.getvalue())
