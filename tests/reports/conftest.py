"""Requests whose access is gone, people on rosters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

Make = Callable[..., Any]


@pytest.fixture
def gone() -> Make:
    """`gone(removal, hours=3)`: each place was read again so long after the trigger, and nothing was left."""
    from offboarding.checklist.rules import Kind, Phase
    from offboarding.execution.models import Attempt, Run
    from offboarding.verification.models import Finding

    def make(
        removal: Any, hours: float = 3, seen: str = "absent", only: str = "", late: bool = False
    ) -> None:
        runs = Run.objects.filter(item__plan__removal=removal)
        if not late:
            done = runs.exclude(item__phase=Phase.FOLLOW_UP).exclude(item__workspace=None)
            done.update(state="done", ended="changed")
        checks = runs.filter(item__kind=Kind.VERIFICATION, item__step="verify.place")
        checks = (
            checks.filter(item__phase=Phase.FOLLOW_UP)
            if late
            else checks.exclude(item__phase=Phase.FOLLOW_UP)
        )
        for run in checks.filter(item__workspace__name__startswith=only):
            number = run.attempts.count() + 1
            attempt = Attempt.objects.create(
                run=run, number=number, act="look", intent="read again", result="seen"
            )
            at = removal.starts_at + timedelta(hours=hours)
            Finding.objects.create(
                attempt=attempt,
                seen=seen,
                says="as it was read",
                data={},
                at=at,
                came_back=seen == "present" and late,
            )

    return make


@pytest.fixture
def engagement(clients: dict[str, Any], alice: Any) -> Make:
    def make(name: str = "Autumn", client: str = "Acme", ends_on: date | None = None, **more: Any) -> Any:
        from offboarding.directory.models import Engagement

        return Engagement.objects.create(
            client=clients[client], name=name, ends_on=ends_on, lead=alice, **more
        )

    return make


@pytest.fixture
def on_roster() -> Make:
    def make(email: str, *engagements: Any, client: Any = None, name: str = "") -> Any:
        from offboarding.directory.models import Address, Collaborator

        owner = client or engagements[0].client
        person = Collaborator.objects.create(client=owner, name=name or email.partition("@")[0].title())
        Address.objects.create(collaborator=person, email=email)
        person.engagements.set(engagements)
        return person

    return make


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def happened(workspace: Make, now: datetime) -> Make:
    """`happened("Acme Staging", "User Removed", DAN, hours=3)`: an event of our copy, so long ago."""
    from offboarding.connections.models import Workspace
    from offboarding.trail.models import AuditEvent
    from offboarding.trail.rules import kind_of

    def make(
        place: Any, type: str, person: str, hours: float = 0, actor: str = "users/u9", **more: str
    ) -> Any:
        owner = place if isinstance(place, Workspace) else workspace(place)
        at = now - timedelta(hours=hours)
        told = {"resource_id": "u1", "resource_name": person, **more}
        key = f"events/{AuditEvent.objects.count()}"
        return AuditEvent.objects.create(
            workspace=owner, key=key, at=at, type=type, kind=kind_of(type).value, actor=actor, raw={}, **told
        )

    return make
