"""`manage.py connect_workspace`: works, wrong token, malformed token, twice, what the ledger says."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from offboarding.connections.models import Workspace
from offboarding.ledger.models import Entry


@pytest.fixture
def connect_by_command(segment: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(token: str, name: str = "Acme Staging", client: str = "Acme", base: str = "") -> str:
        told = io.StringIO()
        monkeypatch.setattr(sys, "stdin", io.StringIO(token + "\n"))
        given = [
            "--client",
            client,
            "--region",
            "us",
            "--environment",
            "staging",
            "--base-url",
            base or segment.base_url,
        ]
        call_command("connect_workspace", name, *given, "--token-stdin", stdout=told)
        return told.getvalue()

    return run


def test_a_tested_token_connects_the_workspace_and_names_its_client(
    connect_by_command: Any, segment: Any
) -> None:
    told = connect_by_command(segment.token("acme-staging"))
    made = Workspace.objects.get()
    assert made.client.name == "Acme"
    assert made.segment_id == segment.describe()["workspaces"][1]["id"]
    assert segment.token("acme-staging") not in told + made.sealed_token
    assert list(Entry.objects.values_list("event", flat=True)) == ["client.added", "workspace.connected"]


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "Paste the token"),
        ("sgp_ with spaces in the middle of it all", "spaces"),
        ("sgp_" + "x" * 64, "does not accept"),
    ],
)
def test_a_token_that_does_not_work_connects_nothing(connect_by_command: Any, token: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        connect_by_command(token)
    assert not Workspace.objects.exists()


def test_a_token_with_too_few_rights_connects_nothing(connect_by_command: Any, segment: Any) -> None:
    with pytest.raises(CommandError, match="too few rights"):
        connect_by_command(segment.token("acme-staging", "member"))
    assert not Workspace.objects.exists()


def test_a_workspace_is_connected_once(connect_by_command: Any, segment: Any) -> None:
    connect_by_command(segment.token("acme-staging"))
    with pytest.raises(CommandError, match="connected already"):
        connect_by_command(segment.token("acme-staging"), name="Acme Again")
    assert Workspace.objects.count() == 1


@pytest.mark.parametrize(
    "base", ["http://169.254.169.254", "https://10.0.0.1", "https://segment.example.com"]
)
def test_no_token_is_sent_to_an_address_that_nobody_approved(connect_by_command: Any, base: str) -> None:
    with pytest.raises(CommandError, match=r"could not be reached: its (host|address) is n"):
        connect_by_command("sgp_" + "x" * 64, base=base)
    assert not Workspace.objects.exists()
