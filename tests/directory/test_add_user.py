from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from offboarding.directory.management.commands import add_user
from offboarding.directory.models import Membership
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.users.models import User

PASSWORD = "a long enough passphrase"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command with a password on standard input; what it prints."""

    def run(*arguments: str, password: str = PASSWORD) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
        out = io.StringIO()
        call_command("add_user", *arguments, "--password-stdin", stdout=out)
        return out.getvalue()

    return run


def test_the_first_administrator_is_added_for_all_clients(db: None, typed: Any) -> None:
    said = typed("ada@northwind.example", "Ada Byron", "--role", "administrator")
    user = User.objects.get(email="ada@northwind.example")
    assert user.check_password(PASSWORD) and user.name == "Ada Byron"
    assert list(user.memberships.values_list("role", "client")) == [("administrator", None)]
    assert said == "Ada Byron signs in as ada@northwind.example: administrator for all clients.\n"


def test_several_roles_within_named_clients(clients: dict[str, Any], typed: Any) -> None:
    typed(
        "ada@northwind.example",
        "Ada",
        "--role",
        "requester",
        "--role",
        "auditor",
        "--client",
        "acme",
        "--client",
        "Globex",
    )
    held = Membership.objects.filter(user__email="ada@northwind.example").values_list("role", "client__name")
    assert sorted(held) == [(role, name) for role in ("auditor", "requester") for name in ("Acme", "Globex")]


def test_the_ledger_says_who_was_added_and_not_the_name(db: None, typed: Any) -> None:
    typed("ada@northwind.example", "Ada Byron", "--role", "operator")
    entry = Entry.objects.get(event="user.added")
    said = canonical.loads(bytes(entry.body))
    assert said["facts"]["roles"] == ["operator"] and said["facts"]["clients"] == ["all"]
    assert said["actor"]["kind"] == "command"
    assert b"Ada" not in bytes(entry.body) and b"northwind" not in bytes(entry.body)


@pytest.mark.parametrize(
    ("arguments", "password", "says"),
    [
        (("ada", "Ada", "--role", "operator"), PASSWORD, "Enter an e-mail address"),
        (("ada@northwind.example", " ", "--role", "operator"), PASSWORD, "Enter the person's name."),
        (("ADA@northwind.example", "Ada", "--role", "operator"), "short", "This password is too short"),
        (("Alice@Northwind.example", "Alice", "--role", "operator"), PASSWORD, "signs in here already"),
        (("ada@northwind.example", "Ada", "--role", "king"), PASSWORD, "invalid choice: 'king'"),
        (("ada@northwind.example", "Ada"), PASSWORD, "--role"),
        (
            ("ada@northwind.example", "Ada", "--role", "auditor", "--client", "Umbrella"),
            PASSWORD,
            "no client Umbrella",
        ),
    ],
)
def test_a_wrong_word_is_refused_with_a_sentence_and_nothing_is_written(
    alice: Any, typed: Any, arguments: tuple[str, ...], password: str, says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        typed(*arguments, password=password)
    assert list(User.objects.all()) == [alice] and not Entry.objects.filter(event="user.added").exists()


def test_two_different_passwords_are_refused(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["one long passphrase", "another long passphrase"])
    monkeypatch.setattr("sys.stdin", type("Terminal", (io.StringIO,), {"isatty": lambda self: True})())
    monkeypatch.setattr(add_user, "getpass", lambda _prompt: next(answers))
    with pytest.raises(CommandError, match="differ"):
        call_command("add_user", "ada@northwind.example", "Ada", "--role", "operator")


def test_without_a_terminal_it_says_how_to_give_the_password(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError, match="--password-stdin"):
        call_command("add_user", "ada@northwind.example", "Ada", "--role", "operator")
