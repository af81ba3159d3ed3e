"""Providers of sign-in: added, changed, switched and removed by whoever administers all clients.

A provider decides who everybody here is, whatever their client; so administrators of some clients do not touch it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from offboarding.directory.rules import EVERYWHERE, Scope
from offboarding.directory.two import others
from offboarding.ledger.actions import Actor, Event, record
from offboarding.lib.refusals import Refused, within
from offboarding.users.admission import wrong_domains
from offboarding.users.models import DECIDING_FACTS, SignInProvider, User
from offboarding.users.rules import Role, actor_of
from offboarding.users.sealed import seal

FIXED = ("issuer", "entity_id")
Changes = Mapping[str, Any]


def check_administers(administers: Scope) -> None:
    if not administers.everywhere(Role.ADMINISTRATOR):
        raise Refused(
            "may-not-change", "Only an administrator for all clients changes how people sign in here."
        )


def add(by: User, administers: Scope, kind: str, name: str) -> SignInProvider:
    """A provider without anything but its name and its addresses here, switched off."""
    check_administers(administers)
    name, slug = within(name, 60, "name"), slugify(name)[:40].strip("-")
    if not slug:
        raise Refused(
            "no-name", "Write its name as it shall stand on the button, such as Okta.", field="name"
        )
    if slug == "saml":  # by this name django-allauth knows the protocol
        slug = "saml-sign-in"
    if kind not in SignInProvider.Kind.values:
        raise Refused("no-kind", "Choose how it speaks.", field="kind")
    try:
        with transaction.atomic():
            silent = kind == SignInProvider.Kind.SAML
            made = SignInProvider.objects.create(kind=kind, name=name, slug=slug, silent=silent)
            record(Event.WAY_IN_ADDED, actor=actor_of(by), facts={"provider": slug, "kind": kind})
    except IntegrityError as error:
        raise Refused(
            "known-provider", "There is one with this name already. Choose another name.", field="name"
        ) from error
    return made


def change(by: User, administers: Scope, provider: SignInProvider, given: Changes, secret: str = "") -> None:
    """What is given replaces what was; an empty secret leaves the old one. Raises Refused."""
    check_administers(administers)
    if wrong := wrong_domains(given.get("domains", ())):
        raise Refused("no-domain", wrong, field="domains")
    changes = {**given, **({"sealed_secret": seal(secret)} if secret else {})}
    with transaction.atomic():
        now = SignInProvider.objects.select_for_update().get(pk=provider.pk)
        differs = {name: value for name, value in changes.items() if getattr(now, name) != value}
        if not differs:
            raise Refused("nothing-changed", "Nothing was changed.")
        refuse_another(now, differs)
        if set(differs) & set(DECIDING_FACTS):
            differs = {**differs, **entered(by)}
        SignInProvider.objects.filter(pk=provider.pk).update(**differs)
        record(
            Event.WAY_IN_CHANGED,
            actor=actor_of(by),
            facts={"provider": provider.slug, "changed": shown(differs)},
        )
    provider.refresh_from_db()


def refuse_another(now: SignInProvider, differs: Changes) -> None:
    """Under another issuer the same subject is somebody else."""
    for name in FIXED:
        if name in differs and getattr(now, name):
            raise Refused(
                "another-provider",
                f"{now.name} is known here as {getattr(now, name)}, and that stays: under another one the same"
                " people would be others. Add another provider for it.",
                field="issuer" if name == "issuer" else "metadata",
            )


def shown(differs: Changes) -> dict[str, Any]:
    """For the record: everything but secrets and certificates, of which only the fact is told."""
    untold = ("sealed_secret", "certificates", "set_by", "vouched_by")
    told = {name: value for name, value in differs.items() if name not in untold}
    hidden = [word for name, word in HIDDEN.items() if name in differs]
    return {**told, **({"also": hidden} if hidden else {})}


HIDDEN = {"sealed_secret": "the client secret", "certificates": "the certificates"}


def entered(by: User) -> dict[str, User | None]:
    """Who is the only administrator of all clients that there ever was vouches for what they enter."""
    return {"set_by": by, "vouched_by": None if others(by.pk, {EVERYWHERE}) else by}


def vouch(by: User, administers: Scope, provider: SignInProvider, seen: str) -> None:
    """Another administrator says that it is the firm's own; from then on those who decide come in there, too.

    `seen`: the digest of what they read. Raises Refused.
    """
    check_administers(administers)
    with transaction.atomic():
        now = SignInProvider.objects.select_for_update(of=("self",)).get(pk=provider.pk)
        if now.is_vouched_for:
            raise Refused("nothing-changed", f"{now.name} is confirmed already.")
        if now.set_by_id == by.pk:
            raise Refused(
                "own-word", "You entered this, so another administrator of all clients confirms it."
            )
        if now.digest != seen:
            raise Refused(
                "moved-on", "It was changed while you were reading. Read it again, then confirm it."
            )
        SignInProvider.objects.filter(pk=provider.pk).update(vouched_by=by)
        facts = {"provider": now.slug, "digest": now.digest, "entered_by": now.set_by_id}
        record(Event.WAY_IN_CONFIRMED, actor=actor_of(by), facts=facts)
    provider.refresh_from_db()


def switch(by: User, administers: Scope, provider: SignInProvider, on: bool) -> None:
    """On: its button stands on the sign-in page. Off: nobody comes in from there, and links to it count for nothing."""
    check_administers(administers)
    set_on(actor_of(by), provider, on)


def set_on(actor: Actor, provider: SignInProvider, on: bool) -> None:
    with transaction.atomic():
        now = SignInProvider.objects.select_for_update().get(pk=provider.pk)
        if now.is_on == on:
            raise Refused("nothing-changed", f"{now.name} is {'on' if on else 'off'} already.")
        if on and not (now.is_filled_in and now.domains):
            raise Refused(
                "not-filled-in", f"Fill in what {now.name} needs first, and the domains it speaks for."
            )
        SignInProvider.objects.filter(pk=provider.pk).update(is_on=on)
        facts = {"provider": now.slug, "changed": {"is_on": on}}
        record(Event.WAY_IN_CHANGED, actor=actor, facts=facts)
    provider.refresh_from_db()


def remove(by: User, administers: Scope, provider: SignInProvider) -> int:
    """Gone with its secret and with everybody's link to it. Gives back how many people were linked."""
    check_administers(administers)
    with transaction.atomic():
        linked = SocialAccount.objects.filter(provider=provider.slug)
        count = int(linked.count())
        linked.delete()
        SignInProvider.objects.filter(pk=provider.pk).delete()
        facts = {"provider": provider.slug, "people": count}
        record(Event.WAY_IN_REMOVED, actor=actor_of(by), facts=facts)
    return count
