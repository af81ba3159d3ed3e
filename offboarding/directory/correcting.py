"""The name and the address of somebody who signs in here, put right by an administrator: never one's own."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from offboarding.directory.actions import check_name, known
from offboarding.directory.people import allowed, end_sessions
from offboarding.directory.rules import Act, Said, Scope
from offboarding.directory.two import agreed_by, must_be_two
from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.queries import names_break_glass, user_at
from offboarding.users.rules import actor_of


def correct(
    by: User, administers: Scope, user: User, email: str, name: str, second: Scope | None = None
) -> int:
    """Another address is where they sign in from now on: they are signed out, and no mail to the old one lets them in.

    The old one stays theirs wherever it is asked whose access something is about.

    Gives back how many browsers were signed out.
    """
    email, name = checked(administers, user, email, name)
    must_be_two(administers, user, Said(Act.CORRECT, email, name), second)
    try:
        with transaction.atomic():
            before = User.objects.select_for_update().get(pk=user.pk)
            what = changed(before, email, name)
            former = sorted({*(before.former or ()), *(what.get("address", "").split())} - {email})
            User.objects.filter(pk=user.pk).update(email=email, name=name, former=former or None)
            ended = moved(user) if "address" in what else 0
            personal = {"name": name, "address": email}
            personal |= {f"{each} before": old for each, old in what.items()}
            facts = {"user": user.pk, "what": sorted(what), "browsers": ended, **agreed_by(second)}
            record(Event.USER_CORRECTED, actor=actor_of(by), facts=facts, personal=personal)
    except IntegrityError as error:
        raise known(email) from error
    user.refresh_from_db()
    return ended


def checked(administers: Scope, user: User, email: str, name: str) -> tuple[str, str]:
    """As they are kept. Raises Refused with what is wrong, before anything is asked of the person."""
    allowed(administers, user)
    check_name(email, name)
    email, name = User.objects.normalize_email(email.strip()), name.strip()
    changed(user, email, name)
    if (holder := user_at(email)) and holder.pk != user.pk:
        raise known(email)
    if email != user.email and (names_break_glass(user.email) or names_break_glass(email)):
        raise Refused(
            "break-glass",
            "The address of the break-glass account stands in the environment. Whoever runs the servers changes both.",
            field="email",
        )
    return email, name


def changed(user: User, email: str, name: str) -> dict[str, str]:
    """What it was, of what is to be another one."""
    pairs = {"name": (user.name, name), "address": (user.email, email)}
    if not (what := {each: old for each, (old, new) in pairs.items() if old != new}):
        raise Refused("nothing-changed", "Nothing was changed.")
    return what


def moved(user: User) -> int:
    EmailAddress.objects.filter(user=user).delete()
    return end_sessions(user)
