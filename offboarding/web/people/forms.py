"""One line for each role that somebody holds: role, client or engagement, days. An empty line counts for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from offboarding.directory.models import Client, Engagement
from offboarding.directory.rules import EVERYWHERE, Grant
from offboarding.lib.refusals import Refused
from offboarding.users.rules import Role
from offboarding.users.words import ROLE_WORDS
from offboarding.web.cards import ErrorSummaryCard, FieldCard
from offboarding.web.cards.fields import options
from offboarding.web.removal.forms import one_error

ALL = "all"
SPARE = 2  # empty lines below those that are filled
MOST = 60
NAMES = ("role", "client", "from", "until", "records-from", "records-until")


@dataclass(frozen=True, slots=True)
class Line:
    """What stands in one line, as it was typed."""

    role: str = ""
    client: str = ""
    starts_on: str = ""
    ends_on: str = ""
    records_from: str = ""
    records_until: str = ""

    @classmethod
    def of(cls, grant: Grant) -> Line:
        client = ALL if grant.client is EVERYWHERE else value_of(*grant.where)
        days = grant.starts_on, grant.ends_on, grant.records_from, grant.records_until
        return cls(grant.role.value, client, *map(iso, days))

    @property
    def empty(self) -> bool:
        return not self.role


def value_of(client: int | None, engagement: int | None) -> str:
    """ "7" for a whole client, "7.12" for one engagement of it."""
    return f"{client}.{engagement}" if engagement else str(client)


@dataclass(frozen=True, slots=True)
class Where:
    """What a role can be for. `engagements` come with their clients."""

    clients: Sequence[Client]
    engagements: Sequence[Engagement]
    everywhere: bool

    @property
    def known(self) -> dict[str, tuple[int | None, int | None]]:
        found: list[tuple[int, int | None]] = [(client.pk, None) for client in self.clients]
        found += [(each.client_id, each.pk) for each in self.engagements]
        return {ALL: (EVERYWHERE, None)} | {value_of(*each): each for each in found}

    @property
    def options(self) -> list[tuple[str, str]]:
        rows = [("", _("– choose –"))] + [(ALL, _("All clients"))] * self.everywhere
        for client in self.clients:
            rows.append((str(client.pk), _("All of %(client)s") % {"client": client.name}))
            own = (each for each in self.engagements if each.client_id == client.pk)
            rows += [(value_of(client.pk, each.pk), only(each)) for each in own]
        return rows


def only(engagement: Engagement) -> str:
    names = {"client": engagement.client.name, "engagement": engagement.name}
    return _("%(client)s, only %(engagement)s") % names


def iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def typed(post: Mapping[str, Any]) -> tuple[Line, ...]:
    """The lines of a form, empty ones left out."""
    lines = (Line(*(str(post.get(f"{name}-{n}", "")).strip() for name in NAMES)) for n in range(MOST))
    return tuple(meant(line) for line in lines if not line.empty)


def meant(line: Line) -> Line:
    """The period of records is asked for only where the role is an auditor's; what was typed before stays hidden."""
    return line if line.role == Role.AUDITOR else replace(line, records_from="", records_until="")


def grants(lines: Sequence[Line], where: Where) -> tuple[Grant, ...]:
    """What the lines mean. Raises Refused with the field that cannot be read."""
    known = where.known
    return tuple(grant(line, n, known) for n, line in enumerate(lines))


def grant(line: Line, n: int, known: Mapping[str, tuple[int | None, int | None]]) -> Grant:
    if line.role not in list(Role):
        raise Refused("no-role", _("Choose a role from the list."), field=f"role-{n}")
    if line.client not in known:
        raise Refused("no-client", _("Choose the client that this role is for."), field=f"client-{n}")
    client, engagement = known[line.client]
    return Grant(
        Role(line.role),
        client,
        day(line.starts_on, f"from-{n}"),
        day(line.ends_on, f"until-{n}"),
        day(line.records_from, f"records-from-{n}"),
        day(line.records_until, f"records-until-{n}"),
        engagement=engagement,
    )


def day(text: str, field: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("no-date", _("Write the day like 2026-04-30."), field=field) from None


@dataclass(frozen=True, slots=True)
class LineCard:
    legend: str
    fields: tuple[FieldCard, ...]
    records: tuple[FieldCard, ...]  # only for an auditor


def line_cards(lines: Sequence[Line], where: Where, wrong: Refused | None) -> tuple[LineCard, ...]:
    places = where.options
    shown = [*lines, *(Line() for _spare in range(SPARE))]
    error = (str(wrong.facts.get("field", "")), wrong.sentence) if wrong else ("", "")
    return tuple(line_card(n, line, places, error) for n, line in enumerate(shown))


def line_card(n: int, line: Line, places: Sequence[tuple[str, str]], error: tuple[str, str]) -> LineCard:
    def said(name: str) -> str:
        return error[1] if error[0] == f"{name}-{n}" else ""

    roles = [("", _("– no role –")), *((role.value, str(ROLE_WORDS[role])) for role in Role)]
    choice: dict[str, Any] = {"kind": "select", "required": False}
    day_of: dict[str, Any] = {"kind": "date", "required": False, "width": "short"}
    return LineCard(
        _("Role %(n)d") % {"n": n + 1},
        (
            FieldCard(
                f"role-{n}", _("Role"), options=options(roles, line.role), error=said("role"), **choice
            ),
            FieldCard(
                f"client-{n}", _("For"), options=options(places, line.client), error=said("client"), **choice
            ),
            FieldCard(f"from-{n}", _("First day"), value=line.starts_on, error=said("from"), **day_of),
            FieldCard(f"until-{n}", _("Last day"), value=line.ends_on, error=said("until"), **day_of),
        ),
        (
            FieldCard(
                f"records-from-{n}",
                _("Records from"),
                value=line.records_from,
                error=said("records-from"),
                **day_of,
            ),
            FieldCard(
                f"records-until-{n}",
                _("Records to"),
                value=line.records_until,
                error=said("records-until"),
                **day_of,
            ),
        ),
    )


def summary(wrong: Refused | None) -> ErrorSummaryCard:
    if wrong is None:
        return ErrorSummaryCard()
    field = wrong.facts.get("field", "")
    return one_error(wrong.sentence, f"id_{field}" if field else "")


def who(email: str, name: str, wrong: Refused | None) -> tuple[FieldCard, ...]:
    """Address and name, with what is wrong beside its field."""
    at = str(wrong.facts.get("field", "")) if wrong else ""
    error = {at: wrong.sentence} if wrong else {}
    off = (("autocomplete", "off"),)
    return (
        FieldCard("email", _("Work e-mail"), "email", email, error=error.get("email", ""), attrs=off),
        FieldCard("name", _("Name"), value=name, error=error.get("name", ""), width="mid"),
    )
