"""What the pages about API keys show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from django.urls import reverse
from django.utils.translation import gettext as _

from offboarding.users.models import ApiKey
from offboarding.users.rules import Role
from offboarding.users.words import ROLE_WORDS
from offboarding.web.cards import TagCard, TimeCard
from offboarding.web.people.cards import in_words


@dataclass(frozen=True, slots=True)
class KeyRow:
    name: str
    owner: str
    prefix: str
    roles: str
    may: str
    networks: str
    used: TimeCard | None
    used_from: str
    tag: TagCard
    end_url: str


def rows(keys: Iterable[ApiKey], today: date, zone: tzinfo, now: datetime) -> tuple[KeyRow, ...]:
    return tuple(row(key, today, zone, now) for key in keys)


def row(key: ApiKey, today: date, zone: tzinfo, now: datetime) -> KeyRow:
    tag = standing(key, today)
    return KeyRow(
        name=key.name,
        owner=key.user.name,
        prefix=f"offb_{key.prefix}_…",
        roles=", ".join(str(ROLE_WORDS[Role(role)]) for role in key.roles),
        may=str(_("reads and changes") if key.writes else _("only reads")),
        networks=", ".join(key.networks),
        used=TimeCard.of(key.used_at, zone, now) if key.used_at else None,
        used_from=key.used_from,
        tag=tag,
        end_url=reverse("api_key_end", args=[key.pk])
        if key.ended_at is None and key.ends_on >= today
        else "",
    )


def standing(key: ApiKey, today: date) -> TagCard:
    if key.ended_at:
        return TagCard("cancelled", _("Ended"))
    if key.ends_on < today:
        return TagCard("cancelled", _("Ended %(day)s") % {"day": in_words(key.ends_on)})
    return TagCard("verified", _("Until %(day)s") % {"day": in_words(key.ends_on)})
