from __future__ import annotations

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.text import slugify

from offboarding.connections import actions, keyring, probe
from offboarding.connections.models import Workspace
from offboarding.connections.rules import ADDRESSES, mistyped
from offboarding.directory.actions import client_called
from offboarding.gateways.segment import GatewayError
from offboarding.ledger.rules import Actor
from offboarding.lib.refusals import Refused

COMMAND = Actor("command", "connect_workspace", "manage.py connect_workspace")


class Command(BaseCommand):
    help = "Connects a Segment workspace: asks for its token, tests it, and keeps it sealed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help='the name that people here know it by, such as "Acme Production"')
        parser.add_argument("--client", required=True, help="name of the client; added if it is new")
        parser.add_argument("--region", required=True, choices=sorted(ADDRESSES))
        parser.add_argument("--environment", required=True, choices=Workspace.Environment.values)
        parser.add_argument("--managed-by", default="unknown", choices=Workspace.ManagedBy.values)
        parser.add_argument(
            "--provider-group", default="", help="the identity provider's group, if it manages"
        )
        parser.add_argument("--base-url", help="another address than the region's: a simulated Segment")
        parser.add_argument("--token-stdin", action="store_true", help="read the token from the first line")

    def handle(self, *_args: Any, **given: Any) -> None:
        token = sys.stdin.readline().strip() if given["token_stdin"] else getpass("Token: ").strip()
        if fault := mistyped(token):
            raise CommandError(fault)
        workspace = wanted(given)
        workspace.segment_id = asked(workspace, token)
        tested = probe.probe(workspace, token)
        if tested.failed:
            raise CommandError(f"{tested.failed.says} {tested.failed.remedy}")
        try:
            made = actions.connect(
                client_called(given["client"], COMMAND), token=token, actor=COMMAND, **fields(workspace)
            )
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(
            f"{made.name} is connected for {made.client.name}, with the token …{made.token_last4}."
        )


def wanted(given: dict[str, Any]) -> Workspace:
    """The connection as it would be, not saved."""
    return Workspace(
        name=given["name"],
        slug=slugify(given["name"]) or "workspace",
        environment=given["environment"],
        region=given["region"],
        managed_by=given["managed_by"],
        provider_group=given["provider_group"],
        base_url=given["base_url"] or ADDRESSES[given["region"]],
    )


def asked(workspace: Workspace, token: str) -> str:
    """Segment's own id of the workspace that the token belongs to."""
    try:
        with keyring.gateway_to_try(workspace, token) as gateway:
            return gateway.workspace().id
    except GatewayError as error:
        raise CommandError(error.sentence) from error


def fields(workspace: Workspace) -> dict[str, Any]:
    names = (
        "name",
        "slug",
        "environment",
        "region",
        "managed_by",
        "provider_group",
        "base_url",
        "segment_id",
    )
    return {name: getattr(workspace, name) for name in names}
