from __future__ import annotations

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from offboarding.directory.actions import add_user
from offboarding.directory.models import Client
from offboarding.ledger.rules import Actor
from offboarding.lib.refusals import Refused
from offboarding.users.rules import Role

COMMAND = Actor("command", "add_user", "manage.py add_user")


class Command(BaseCommand):
    help = "Adds a person who may sign in: the first administrator, for example. Asks for the password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the address that the person signs in with")
        parser.add_argument("name", help='the name that others see, such as "Ada Byron"')
        parser.add_argument(
            "--role",
            action="append",
            required=True,
            choices=[role.value for role in Role],
            help="may be repeated",
        )
        parser.add_argument(
            "--client",
            action="append",
            default=[],
            help="name of a client, may be repeated; left out: all clients",
        )
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from the first line"
        )

    def handle(self, *_args: Any, **given: Any) -> None:
        clients = [client_named(name) for name in given["client"]]
        password = read_line() if given["password_stdin"] else ask()
        roles = [Role(role) for role in given["role"]]
        try:
            user = add_user(
                given["email"], given["name"], password, roles=roles, clients=clients, actor=COMMAND
            )
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        within = ", ".join(client.name for client in clients) or "all clients"
        self.stdout.write(f"{user.name} signs in as {user.email}: {', '.join(roles)} for {within}.")


def client_named(name: str) -> Client:
    found = Client.objects.filter(Q(name__iexact=name) | Q(slug=name)).first()
    if found is None:
        known = ", ".join(Client.objects.values_list("name", flat=True)) or "none yet"
        raise CommandError(f"There is no client {name}. Clients: {known}.")
    return found


def read_line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def ask() -> str:
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask for a password. Use --password-stdin.")
    password = getpass("Password: ")
    if password != getpass("Once more: "):
        raise CommandError("The two passwords differ.")
    return password
