"""What a key is for, what it may, from where, and until when: as it is typed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from offboarding.lib.refusals import Refused
from offboarding.users.rules import Role
from offboarding.users.words import ROLE_WORDS
from offboarding.web.cards import FieldCard, OptionCard
from offboarding.web.cards.fields import options

READ, WRITE = "read", "write"


@dataclass(frozen=True, slots=True)
class Typed:
    name: str = ""
    roles: tuple[str, ...] = ()
    may: str = READ
    networks: str = ""
    ends_on: str = ""

    @classmethod
    def of(cls, post: QueryDict) -> Typed:
        return cls(
            name=post.get("name", ""),
            roles=tuple(post.getlist("roles")),
            may=WRITE if post.get("may") == WRITE else READ,
            networks=post.get("networks", ""),
            ends_on=post.get("ends_on", "").strip(),
        )


def fields(typed: Typed, own: Iterable[Role], wrong: Refused | None) -> tuple[FieldCard, ...]:
    at, says = (str(wrong.facts.get("field", "")), wrong.sentence) if wrong else ("", "")

    def said(field: str) -> str:
        return says if at == field else ""

    roles = tuple(OptionCard(role.value, ROLE_WORDS[role], role.value in typed.roles) for role in own)
    may = ((READ, _("Only read")), (WRITE, _("Read, and change what its roles may change")))
    return (
        FieldCard(
            "name", _("What it is for"), value=typed.name, hint=_("Such as Report export."), error=said("name"), width="mid",
            attrs=(("maxlength", "60"), ("autocomplete", "off")),
        ),
        FieldCard(
            "roles", _("Acts as"), "checkboxes", options=roles, error=said("roles"),
            hint=_("Choose as few as it needs. If you lose a role, the key loses it too."),
        ),
        FieldCard("may", _("What it may do"), "radios", options=options(may, typed.may)),
        FieldCard(
            "networks", _("From which addresses"), "textarea", typed.networks, rows=2, mono=True, required=False,
            error=said("networks"), width="mid",
            hint=_("Where the program runs: 203.0.113.7, or a range like 203.0.113.0/24, one a line. Empty: from everywhere."),
        ),
        FieldCard(
            "ends_on", _("Last day"), "date", typed.ends_on, _("Within a year, in UTC."), said("ends_on"), width="short"
        ),
    )  # fmt: skip
