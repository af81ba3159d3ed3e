"""Who may sign in, and what they may do: given, changed and taken away by administrators within their reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction

from offboarding.directory.actions import check_name, known, known_address
from offboarding.directory.grants import differ, grants_of, in_words
from offboarding.directory.models import Engagement, Membership
from offboarding.directory.rules import Act, Grant, Said, Scope, may_not_change, within_reach, wrong_with
from offboarding.directory.two import agreed_by, must_be_two
from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused, within
from offboarding.users.factors import take_away
from offboarding.users.keys import end_all_keys
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of


def invite(
    by: User,
    administers: Scope,
    email: str,
    name: str,
    grants: Sequence[Grant],
    today: date,
    second: Scope | None = None,
) -> User:
    """Lets somebody in who then chooses a password; a notice asks them to. Nobody but they ever knows it.

    `second`: the other administrator who agreed, where it takes two.
    """
    check_invitation(administers, email, name, grants, today)
    must_be_two(administers, None, Said(Act.INVITE, email, name, tuple(grants)), second)
    try:
        with transaction.atomic():
            user = User.objects.create_user(email.strip(), name.strip(), None)
            write(user, grants)
            record(
                Event.USER_INVITED,
                actor=actor_of(by),
                facts={"user": user.pk, "roles": in_words(grants), **agreed_by(second)},
                personal={"name": user.name, "address": user.email},
            )
    except IntegrityError as error:
        raise known(email) from error
    return user


def check_invitation(administers: Scope, email: str, name: str, grants: Sequence[Grant], today: date) -> None:
    """Raises Refused with what is wrong, before anything is asked of the person."""
    check_name(email, name)
    if known_address(email):
        raise known(email)
    check_grants(administers, grants, today)
    if not grants:
        raise Refused("no-role", "Choose at least one role.", field="role-0")


def check_grants(administers: Scope, grants: Sequence[Grant], today: date) -> None:
    if not administers.has(Role.ADMINISTRATOR):
        raise Refused("may-not-change", "Only an administrator changes who may do what.")
    if within_reach(administers, grants) != tuple(grants):
        raise Refused(
            "out-of-reach", "You give roles only for the clients that you administer.", field="role-0"
        )
    if not of_their_clients(grants):
        raise Refused(
            "wrong-engagement", "This engagement is another client's. Choose one of the list.", field="role-0"
        )
    if wrong := wrong_with(grants, today):
        raise Refused("wrong-roles", wrong, field="role-0")


def of_their_clients(grants: Sequence[Grant]) -> bool:
    """Whether every engagement that is named belongs to the client that is named. One query; none without."""
    named = {(grant.engagement, grant.client) for grant in grants if grant.engagement is not None}
    found = Engagement.objects.filter(pk__in=[engagement for engagement, _client in named])
    return not named or named == set(found.values_list("pk", "client_id"))


def change(
    by: User,
    administers: Scope,
    user: User,
    grants: Sequence[Grant],
    today: date,
    second: Scope | None = None,
) -> None:
    """From now on the person holds exactly these, as far as this administrator reaches; the rest stays as it is."""
    with transaction.atomic(), somebody_still_administers():
        User.objects.select_for_update().get(pk=user.pk)
        gained, lost = check_change(administers, user, grants, today)
        must_be_two(administers, user, Said(Act.ROLES, user.email, user.name, tuple(grants)), second)
        for grant in lost:
            Membership.objects.filter(
                user=user, role=grant.role.value, client=grant.client, engagement=grant.engagement
            ).delete()
        if any(grant.role is Role.ADMINISTRATOR for grant in lost):
            User.objects.filter(pk=user.pk).update(administered=True)
        write(user, gained)
        facts = {"user": user.pk, "gained": in_words(gained), "lost": in_words(lost), **agreed_by(second)}
        record(
            Event.ROLES_CHANGED,
            actor=actor_of(by),
            facts=facts,
            personal={"name": user.name, "address": user.email},
        )


def check_change(
    administers: Scope, user: User, grants: Sequence[Grant], today: date
) -> tuple[tuple[Grant, ...], tuple[Grant, ...]]:
    """(gained, lost). Raises Refused with what is wrong, before anything is asked of the person."""
    if why := may_not_change(administers, user.pk):
        raise Refused("may-not-change", why)
    check_grants(administers, grants, today)
    gained, lost = differ(within_reach(administers, grants_of(user)), grants)
    if not gained and not lost:
        raise Refused("nothing-changed", "Nothing was changed.")
    return gained, lost


def disable(by: User, administers: Scope, user: User, why: str) -> int:
    """The person is out at once, everywhere. Gives back how many browsers were signed out."""
    why = within(why, 500, "reason")
    if not why:
        raise Refused("no-reason", "Say why: it stands in the record.", field="reason")
    allowed(administers, user)
    with transaction.atomic(), somebody_still_administers():
        if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
            raise Refused("disabled-already", f"{user.name} is disabled already.")
        ended = end_sessions(user)
        keys = end_all_keys(user, actor_of(by))
        record(
            Event.USER_DISABLED,
            actor=actor_of(by),
            facts={"user": user.pk, "why": why, "browsers": ended, "api_keys": keys},
            personal={"name": user.name, "address": user.email},
        )
    return ended


def enable(by: User, administers: Scope, user: User) -> None:
    """May sign in again, with the roles and the second factor of before."""
    allowed(administers, user)
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
            raise Refused("enabled-already", f"{user.name} signs in already.")
        record(
            Event.USER_ENABLED,
            actor=actor_of(by),
            facts={"user": user.pk},
            personal={"name": user.name, "address": user.email},
        )


def sign_out(by: User, administers: Scope, user: User) -> int:
    """Ends the person's sign-in on every browser. Gives back on how many."""
    allowed(administers, user)
    with transaction.atomic():
        ended = end_sessions(user)
        record(Event.SESSIONS_ENDED, actor=actor_of(by), facts={"user": user.pk, "browsers": ended})
    return ended


def forget_provider(by: User, administers: Scope, user: User) -> None:
    """Forgets the account that somebody comes from at a provider of sign-in, and signs them out everywhere."""
    allowed(administers, user)
    with transaction.atomic():
        held = SocialAccount.objects.filter(user=user)
        found = sorted(held.values_list("provider", flat=True))
        if not found:
            raise Refused("not-linked", f"{user.name} comes from no provider.")
        held.delete()
        ended = end_sessions(user)
        facts = {"user": user.pk, "providers": found, "browsers": ended}
        personal = {"name": user.name, "address": user.email}
        record(Event.UNLINKED, actor=actor_of(by), facts=facts, personal=personal)


def take_lost_factor(by: User, administers: Scope, user: User, how: str) -> int:
    """The person has lost what they prove themselves with: it counts no more, and they set up another one at their next sign-in.

    `how` says how the administrator made sure of who asks. Gives back how many browsers were signed out.
    """
    how = within(how, 500, "reason")
    if not how:
        raise Refused("no-reason", "Say how you made sure: it stands in the record.", field="reason")
    allowed(administers, user)
    with transaction.atomic():
        kinds = take_away(user, by)
        if not kinds:
            raise Refused("no-factor", f"{user.name} has no second factor.")
        ended = end_sessions(user)
        facts = {"user": user.pk, "why": how, "kinds": kinds, "browsers": ended}
        personal = {"name": user.name, "address": user.email}
        record(Event.FACTORS_TAKEN, actor=actor_of(by), facts=facts, personal=personal)
    return ended


def end_sessions(user: User) -> int:
    sessions = list(UserSession.objects.filter(user=user))
    for session in sessions:
        session.end()
    return len(sessions)


def allowed(administers: Scope, user: User) -> None:
    """Taking somebody out touches all of their roles, so all of them have to be within reach."""
    if why := may_not_change(administers, user.pk):
        raise Refused("may-not-change", why)
    held = grants_of(user)
    if within_reach(administers, held) != held:
        raise Refused(
            "out-of-reach",
            f"{user.name} also works for clients that you do not administer. Take away the roles that are yours to"
            " take, or ask an administrator for all clients.",
        )


def administered() -> bool:
    """True if somebody administers all clients, now and without an end."""
    held = Membership.objects.filter(role=Role.ADMINISTRATOR.value, client=None, user__is_active=True)
    return held.filter(starts_on=None, ends_on=None).exists()


@contextmanager
def somebody_still_administers() -> Iterator[None]:
    """Without an administrator for all clients, nobody could ever let one in again. Undoes what would leave none."""
    before = administered()
    yield
    if before and not administered():
        raise Refused(
            "last-administrator",
            "This is the last administrator for all clients. Make somebody else one first.",
        )


def write(user: User, grants: Iterable[Grant]) -> None:
    Membership.objects.bulk_create(
        Membership(
            user=user,
            role=grant.role.value,
            client_id=grant.client,
            engagement_id=grant.engagement,
            starts_on=grant.starts_on,
            ends_on=grant.ends_on,
            records_from=grant.records_from,
            records_until=grant.records_until,
        )
        for grant in grants
    )
