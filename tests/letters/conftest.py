"""A removal of Dan whose places were read again, without anybody speaking to a workspace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from offboarding.letters.actions import Asked
from tests.notifications.conftest import LONG_AGO, dead  # noqa: F401

Make = Callable[..., Any]
SEEN_AT = datetime(2026, 3, 31, 10, 4, 10, tzinfo=UTC)


def read_again(removal: Any, workspace: str, seen: str = "absent", at: datetime = SEEN_AT) -> Any:
    """A fresh read of one place, and the end of what was done there."""
    from offboarding.execution.models import Attempt, Run
    from offboarding.verification.models import Finding

    own = Run.objects.filter(item__plan__removal=removal, item__workspace__name=workspace)
    own.filter(item__phase__in=["remove", "verify"], item__at="").update(
        state="done", ended="changed", ended_at=at
    )
    check = own.get(item__step="verify.place", item__at="")
    number = check.attempts.count() + 1
    attempt = Attempt.objects.create(
        run=check, number=number, act="look", intent="Read", result="seen", closed_at=at
    )
    return Finding.objects.create(attempt=attempt, seen=seen, says=f"{seen} in {workspace}", data={}, at=at)


def turn_to_tell(removal: Any) -> Any:
    """Telling has its turn."""
    from offboarding.execution.models import Run

    Run.objects.filter(item__plan__removal=removal, item__code="tell").update(
        state="needs_person", cause="manual"
    )
    return Run.objects.get(item__plan__removal=removal, item__code="tell")


@pytest.fixture(autouse=True)
def kept_here(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_ROOT = tmp_path / "evidence"


@pytest.fixture
def verified(running: Make) -> Any:
    """A running request about Acme Production, which was read again: Dan is gone."""
    removal = running("Acme Production")
    read_again(removal, "Acme Production")
    return removal


@pytest.fixture
def acme(clients: dict[str, Any]) -> Any:
    return clients["Acme"]


@pytest.fixture
def by(today: Any) -> Callable[..., Asked]:
    """`by(alice, letter)`: what Alice does with the letter as it stands."""

    def make(user: Any, letter: Any = None) -> Asked:
        return Asked(user, today, letter.version if letter else 1, "code")

    return make


@pytest.fixture
def letter(verified: Any, acme: Any, alice: Any, today: Any) -> Callable[..., Any]:
    """A draft of this kind, written by Alice."""
    from offboarding.letters.actions import write_letter
    from offboarding.letters.rules import Kind

    def make(kind: str = "client") -> Any:
        return write_letter(verified, acme, Kind(kind), alice, today)

    return make


@pytest.fixture
def sends(letter: Make, alice: Any, by: Make) -> Callable[..., Any]:
    """A letter that was released to one address; its copy is due."""
    from offboarding.letters.actions import release

    def make(kind: str = "client", to: str = "it@acme.example") -> Any:
        made = letter(kind)
        (copy,) = release(made, by(alice, made), to)
        return copy

    return make


@pytest.fixture
def go() -> Make:
    """One turn of the engine for a copy, as soon as its time has come."""
    from offboarding.letters.models import Delivery
    from offboarding.work import desks

    def make(copy: Any) -> Any:
        Delivery.objects.filter(pk=copy.pk, not_before__isnull=False).update(not_before=LONG_AGO)
        desks.DESKS["letters.Delivery"].look(copy.pk)
        return Delivery.objects.get(pk=copy.pk)

    return make
