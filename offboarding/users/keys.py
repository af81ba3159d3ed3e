"""API keys: a program acts with one as the user who made it. Made, used, ended.

A key is `offb_`, 8 letters by which it is found and named, `_`, and 256 random bits. What random bits make needs no slow
hash: only its SHA-256 is kept.
"""

from __future__ import annotations

import hmac
import re
import secrets
import string
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from offboarding.ledger.actions import Actor, Event, record
from offboarding.lib.hashing import sha256_hex
from offboarding.lib.refusals import Refused, within
from offboarding.users import throttle
from offboarding.users.models import ApiKey, User
from offboarding.users.networks import is_among
from offboarding.users.queries import links_of
from offboarding.users.rules import Role, actor_of

SHAPE = re.compile(r"offb_([a-z2-7]{8})_[A-Za-z0-9_-]{43}")
LETTERS = string.ascii_lowercase + "234567"
LONGEST = timedelta(days=366)
MOST_KEYS = 20  # that one user has at a time
MOST_TRIES, WINDOW = 20, 300  # wrong keys from one address of the network, in so many seconds
# Who comes from a provider may be locked there, which nobody tells us: their keys count while they keep coming.
RESTS_AFTER = timedelta(days=30)
COARSE = timedelta(minutes=1)  # the last use is written no more often
NOBODY = "0" * 64


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a program acts as. `roles` are those of the key; what the user holds today still limits them."""

    user: User
    key: ApiKey
    roles: frozenset[Role]


class TooManyTries(Exception):
    """Too many wrong keys came from this address of the network; the door answers 429."""


class FromElsewhere(Exception):
    """The key is right, and is not taken from this address of the network; the door answers 403."""


class Rests(Exception):
    """The key is right, and its user comes from a provider and has not done so for long; the door answers 403."""


def make(
    user: User,
    own: Collection[Role],
    name: str,
    roles: Collection[str],
    ends_on: date,
    today: date,
    *,
    writes: bool = False,
    networks: Sequence[str] = (),
) -> str:
    """The key itself, which is shown once and never again. `own` are the roles that the user holds today.

    `networks` are as `networks_in` gives them; none: it is taken from everywhere.
    """
    check(user, own, name, roles, ends_on, today)
    prefix = "".join(secrets.choice(LETTERS) for _ in range(8))
    plain = f"offb_{prefix}_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if of(user).filter(usable(today)).count() >= MOST_KEYS:
            raise Refused("too-many-keys", f"You have {MOST_KEYS} keys. End one first.")
        key = ApiKey.objects.create(
            user=user,
            name=name.strip(),
            prefix=prefix,
            digest=sha256_hex(plain.encode()),
            roles=sorted(roles),
            writes=writes,
            networks=list(networks),
            ends_on=ends_on,
        )
        facts = {
            "key": prefix,
            "name": key.name,
            "roles": key.roles,
            "ends_on": ends_on.isoformat(),
            "writes": key.writes,
            "networks": key.networks,
        }
        record(Event.API_KEY_MADE, actor=actor_of(user), facts=facts)
    return plain


def check(
    user: User, own: Collection[Role], name: str, roles: Collection[str], ends_on: date, today: date
) -> None:
    if not within(name, 60, "name"):
        raise Refused("no-name", "Write what the key is for, such as Report export.", field="name")
    if not roles:
        raise Refused("no-role", "Choose at least one role.", field="roles")
    if not set(roles) <= {role.value for role in own}:
        raise Refused("not-your-role", "A key has no role that you do not have.", field="roles")
    if not today <= ends_on <= today + LONGEST:
        raise Refused("wrong-end", "Choose a last day from today on, within a year.", field="ends_on")


def of(user: User) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(user=user)


def usable(today: date) -> Q:
    return Q(ended_at=None, ends_on__gte=today, user__is_active=True)


def end(key: ApiKey, actor: Actor, now: datetime) -> None:
    """At once and for good. Raises Refused if it has ended already."""
    with transaction.atomic():
        if not ApiKey.objects.filter(pk=key.pk, ended_at=None).update(ended_at=now):
            raise Refused("ended-already", "This key has ended already.")
        record(Event.API_KEY_ENDED, actor=actor, facts={"key": key.prefix, "user": key.user_id})


def end_all_keys(user: User, actor: Actor) -> int:
    """In the transaction of the caller. Gives back how many ended."""
    open_keys = list(ApiKey.objects.select_for_update().filter(user=user, ended_at=None))
    now = datetime.now(UTC)
    for key in open_keys:
        end(key, actor, now)
    return len(open_keys)


def rests(user: User, now: datetime) -> bool:
    """True if a provider may have locked this person long ago."""
    away = user.last_login is not None and now - user.last_login > RESTS_AFTER
    return away and bool(links_of(user))


def holder_of(bearer: str, came_from: str, now: datetime) -> Holder | None:
    """Who sent this key; None if it is none, has ended, or its user is disabled. Raises TooManyTries, FromElsewhere, Rests.

    The digests are compared in constant time, also for a key that nobody has.
    """
    if throttle.spent("api-key", came_from, MOST_TRIES, WINDOW):
        raise TooManyTries
    found = SHAPE.fullmatch(bearer)
    key = ApiKey.objects.select_related("user").filter(prefix=found[1]).first() if found else None
    same = hmac.compare_digest(sha256_hex(bearer.encode()), key.digest if key else NOBODY)
    if key is None or not same:
        throttle.count("api-key", came_from, WINDOW)
        return None
    if key.ended_at or key.ends_on < now.astimezone(UTC).date() or not key.user.is_active:
        return None
    if not is_among(came_from, key.networks):
        throttle.count("api-key", came_from, WINDOW)
        raise FromElsewhere
    if rests(key.user, now):
        raise Rests
    if key.used_at is None or now - key.used_at > COARSE or key.used_from != came_from[:45]:
        ApiKey.objects.filter(pk=key.pk).update(used_at=now, used_from=came_from[:45])
    return Holder(key.user, key, frozenset(Role(role) for role in key.roles))
