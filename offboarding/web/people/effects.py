"""What the last page says before somebody's access here changes, act by act."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.directory.grants import differ, grants_of
from offboarding.directory.models import Engagement
from offboarding.directory.rules import Act, Grant, within_reach
from offboarding.directory.words import TITLES
from offboarding.execution.queries import in_hand
from offboarding.users.models import User
from offboarding.users.queries import providers_of
from offboarding.web.http import Request, today
from offboarding.web.people import cards, delegated, held
from offboarding.web.people.held import Held


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    label: str
    effects: tuple[str, ...]
    look: Literal["main", "bad"] = "bad"


def words(request: Request, change: Held, user: User | None) -> Words:
    if user is None:
        return invited(request, change)
    return WORDS[change.act](request, change, user)


def invited(request: Request, change: Held) -> Words:
    title = str(TITLES[Act.INVITE] % {"name": change.name})
    mail = _("Gets a mail that says how to choose a password. It holds no key.")
    gains = gained_and_lost(request, (), held.unpacked(change))
    return Words(title, _("Invite"), (*gains, mail), "main")


def roles(request: Request, change: Held, user: User) -> Words:
    before = within_reach(request.scope, grants_of(user))
    effects = gained_and_lost(request, before, held.unpacked(change))
    title = str(TITLES[Act.ROLES] % {"name": user.name})
    return Words(title, _("Change roles"), tuple(effects), "main")


def disable(_request: Request, _change: Held, user: User) -> Words:
    effects = (
        *left_behind(user),
        _("Is signed out on every browser at once, and cannot sign in. Their API keys end for good."),
        _("Roles stay as they are, and come back if the person is enabled again."),
        _("What they filed, decided and did stays in the record, with their name."),
    )
    return Words(_("Disable %(name)s") % {"name": user.name}, _("Disable"), effects)


def enable(_request: Request, _change: Held, user: User) -> Words:
    effects = (_("May sign in again, with the roles and the second factor of before."),)
    return Words(_("Enable %(name)s") % {"name": user.name}, _("Enable"), effects, "main")


def correct(_request: Request, change: Held, user: User) -> Words:
    title = str(TITLES[Act.CORRECT] % {"name": user.name})
    return Words(title, _("Save"), tuple(corrected(user, change.email, change.name)), "main")


def unlink(_request: Request, _change: Held, user: User) -> Words:
    effects = (
        _("Is signed out on every browser."),
        _("The account that they come from at the provider opens nothing here any more."),
        _("The next account there with the address %(email)s becomes theirs.") % {"email": user.email},
    )
    title = _("Forget the provider account of %(name)s") % {"name": user.name}
    return Words(title, _("Forget it"), effects)


def lost_factor(_request: Request, _change: Held, user: User) -> Words:
    effects = (
        _(
            "Call them back at a number that you had before, or see them. A mail or a call to you proves nothing."
        ),
        _("Passkeys, codes of an app and recovery codes count no more. The password stays."),
        _("Is signed out on every browser, and sets up another second factor before anything else opens."),
        _("They are told by mail."),
    )
    title = _("Take away the lost second factor of %(name)s") % {"name": user.name}
    return Words(title, _("Take it away"), effects)


def delegation(request: Request, change: Held, user: User) -> Words:
    effects = (
        delegated.title(delegated.one(request, user, change.delegation)),
        _("That ends at once. Decisions that were made stay."),
        _("Both are told, with your reason."),
    )
    return Words(_("End a delegation of %(name)s") % {"name": user.name}, _("End it"), effects)


def sign_out(_request: Request, _change: Held, user: User) -> Words:
    effects = (_("Is signed out on every browser, and can sign in again."),)
    return Words(_("Sign %(name)s out everywhere") % {"name": user.name}, _("Sign out"), effects)


WORDS: dict[str, Callable[[Request, Held, User], Words]] = {
    held.ROLES: roles,
    held.DISABLE: disable,
    held.ENABLE: enable,
    held.CORRECT: correct,
    held.UNLINK: unlink,
    held.LOST: lost_factor,
    held.DELEGATION: delegation,
    held.SIGN_OUT: sign_out,
}


def gained_and_lost(request: Request, before: Iterable[Grant], after: Iterable[Grant]) -> Iterator[str]:
    """Line by line. Two queries."""
    old, new, day = tuple(before), tuple(after), today(request)
    names = cards.names_of((*old, *new), day)
    gained, lost = differ(old, new)
    yield from (_("Gains: %s") % cards.words(each, names, day) for each in gained)
    yield from (_("Loses: %s") % cards.words(each, names, day) for each in lost)


def left_behind(user: User) -> Iterator[str]:
    """What waits for this person now. Whoever may disable somebody reaches all of it."""
    if steps := in_hand(user).count():
        says = ngettext(
            "%(n)d step that they have goes back to everybody who may take it.",
            "%(n)d steps that they have go back to everybody who may take them.",
            steps,
        )
        yield says % {"n": steps}
    led = Engagement.objects.filter(lead=user, ended_at=None).select_related("client")
    if names := ", ".join(f"{each.name} ({each.client.name})" for each in led[:5]):
        yield _("Still leads %(names)s: choose another lead there.") % {"names": names}


def corrected(user: User, email: str, name: str) -> Iterator[str]:
    if name != user.name:
        yield _("The name %(before)s becomes %(after)s.") % {"before": user.name, "after": name}
    if email != user.email:
        yield _("The address %(before)s becomes %(after)s.") % {"before": user.email, "after": email}
        yield _("Is signed out on every browser, and signs in with the new address.")
        yield _("Password, second factor and API keys stay.")
        if providers := ", ".join(providers_of(user)):
            says = _(
                "Still comes from the account at %(providers)s: forget that one if it is somebody else's."
            )
            yield says % {"providers": providers}
        yield _("They are told by mail, at the old and at the new address.")
    else:
        yield _("They are told by mail.")
