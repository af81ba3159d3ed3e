"""What a client wants of letters, and its own words for them, in versions. Administrators write both."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from offboarding.directory.models import Client
from offboarding.directory.rules import Scope
from offboarding.ledger.actions import Event, record
from offboarding.letters import queries
from offboarding.letters.models import TemplateVersion, TermsVersion
from offboarding.letters.rules import Conditions, Kind, addresses_in
from offboarding.letters.wording import Wording, check, lines_of, secret
from offboarding.lib.refusals import Refused, within
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of

LONGEST_LINES = 300  # characters of the sender or the address on a document


def may_not_set(scope: Scope, client: int) -> str:
    """Why this person may not change a client's letters; empty if they may."""
    if scope.covers(frozenset({client}), Role.ADMINISTRATOR):
        return ""
    return "Only an administrator of this client changes its letters."


def change_words(
    user: User, scope: Scope, client: Client, kind: Kind, said: Wording, seen: int
) -> TemplateVersion:
    """The next version of the words. `seen` is the version that was changed. Letters that exist keep theirs."""
    administered(scope, client)
    wanted = Wording(
        said.subject.strip(), "\n".join(lines_of(said.body)).strip(), said.language.strip(), seen + 1
    )
    check(wanted)
    now = queries.wording_for(client, kind)
    if now.version != seen:
        raise changed_meanwhile()
    if (now.subject, now.body, now.language) == (wanted.subject, wanted.body, wanted.language):
        raise Refused("nothing-changed", "These are the words already.", field="body")
    facts = {"client": client.name, "kind": kind.value, **wanted.as_json()}
    try:
        with transaction.atomic():
            made = TemplateVersion.objects.create(client=client, kind=kind, set_by=user, **wanted.as_json())
            record(Event.LETTER_WORDS_CHANGED, actor=actor_of(user), facts=facts)
    except IntegrityError as error:
        raise changed_meanwhile() from error
    return made


def change_terms(user: User, scope: Scope, client: Client, said: Conditions, seen: int) -> TermsVersion:
    """The next version of what the client wants."""
    administered(scope, client)
    wanted = checked(said)
    newest = queries.terms_of(client)
    if (newest.version if newest else 0) != seen:
        raise changed_meanwhile()
    if wanted == queries.conditions_of(client):
        raise Refused("nothing-changed", "This is set already.")
    values: dict[str, Any] = wanted.as_json()
    kept = {name: values[name] for name in ("expected", "approved", "automatic")}
    try:
        with transaction.atomic():
            made = TermsVersion.objects.create(client=client, version=seen + 1, values=values, set_by=user)
            record(
                Event.LETTER_TERMS_CHANGED,
                actor=actor_of(user),
                facts={"client": client.name, "version": made.version, **kept},
                personal={f"to_{kind}": to for kind, to in wanted.addresses.items()},
            )
    except IntegrityError as error:
        raise changed_meanwhile() from error
    return made


def administered(scope: Scope, client: Client) -> None:
    if why := may_not_set(scope, client.pk):
        raise Refused("may-not-set", why)


def checked(said: Conditions) -> Conditions:
    """Raises Refused with the field that cannot stand."""
    kept = {}
    for kind, text in said.addresses.items():
        if text.strip():
            found, wrong = addresses_in(text, Kind(kind), ())
            if wrong:
                raise Refused("no-address", wrong, field=f"to-{kind}")
            kept[kind] = ", ".join(found)
    lines = {}
    for name in ("sender", "postal"):
        lines[name] = within("\n".join(lines_of(getattr(said, name))), LONGEST_LINES, name)
        if secret(lines[name]):
            raise Refused("secret", "This looks like a secret. A letter never holds one.", field=name)
    if said.automatic and Kind.COLLABORATOR in said.automatic:
        raise Refused("never-automatic", "The notice to the person never goes by itself.")
    return Conditions(said.expected, said.approved, said.automatic, kept, **lines)


def changed_meanwhile() -> Refused:
    return Refused("changed-meanwhile", "Somebody changed this meanwhile. Look at it again.")
