"""Letting people in, and naming the clients that they work for."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Lower

from offboarding.directory.changes import reference
from offboarding.directory.clients import free_slug
from offboarding.directory.models import Client, Membership
from offboarding.ledger.actions import Actor, Event, record
from offboarding.lib.addresses import fold, well_formed
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.rules import Role


def add_user(
    email: str, name: str, password: str, *, roles: Iterable[Role], clients: Iterable[Client], actor: Actor
) -> User:
    """A user with each of the roles within each of the clients; without a client, within all of them."""
    wanted = list(dict.fromkeys(roles))
    within: list[Client | None] = list(clients) or [None]
    check(email, name, password, wanted)
    try:
        with transaction.atomic():
            user = User.objects.create_user(email.strip(), name.strip(), password)
            Membership.objects.bulk_create(
                Membership(user=user, role=role.value, client=client) for role in wanted for client in within
            )
            record(
                Event.USER_ADDED,
                actor=actor,
                facts={
                    "user": user.pk,
                    "roles": [role.value for role in wanted],
                    "clients": [client.name if client else "all" for client in within],
                },
                personal={"name": user.name, "address": user.email},
            )
    except IntegrityError as error:
        raise known(email) from error
    return user


def check(email: str, name: str, password: str, roles: list[Role]) -> None:
    check_name(email, name)
    if not roles:
        raise Refused("no-role", "Choose at least one role.", field="role")
    if known_address(email):
        raise known(email)
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise Refused("weak-password", " ".join(error.messages), field="password") from error


def check_name(email: str, name: str) -> None:
    if not well_formed(email.strip()):
        raise Refused("bad-address", "Enter an e-mail address like name@company.com.", field="email")
    if not name.strip():
        raise Refused("no-name", "Enter the person's name.", field="name")
    if len(name.strip()) > 120:
        raise Refused("long-name", "Shorten the name to 120 signs.", field="name")


def known_address(email: str) -> bool:
    return User.objects.annotate(folded=Lower("email")).filter(folded=fold(email)).exists()


def known(email: str) -> Refused:
    says = f"{email.strip()} signs in here already. Give them roles on their page under People; if you find them not there, ask"
    return Refused("known-user", f"{says} an administrator for all clients.", field="email")


def client_called(name: str, actor: Actor) -> Client:
    """The client with this name; a new one if there is none yet."""
    wanted = name.strip()
    if not wanted:
        raise Refused("no-name", "Enter the client's name.", field="client")
    found = Client.objects.filter(Q(name__iexact=wanted) | Q(slug=wanted)).first()
    if found:
        return found
    with transaction.atomic():
        made = Client.objects.create(name=wanted, slug=free_slug(wanted))
        record(Event.CLIENT_ADDED, actor=actor, about=reference(made), facts={"client": made.name})
    return made
