"""What security types on the one page, kept in the session until it is released: nothing typed is lost on the way."""

from __future__ import annotations

import re
import time as seconds
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.translation import gettext as _

from offboarding.lib.addresses import distinct, same, well_formed
from offboarding.lib.moments import moment
from offboarding.lib.refusals import Refused
from offboarding.removals.actions import known_zone
from offboarding.removals.rules import URGENT_REASONS
from offboarding.web.account.forms import zone_choices
from offboarding.web.cards import ErrorLine, ErrorSummaryCard, FieldCard, OptionCard
from offboarding.web.http import Request, now, zone_of

KEY = "emergency"
KEPT_FOR = 3600.0  # seconds
NAMES = ("email", "others", "incident", "reason", "known_day", "known_clock", "time_zone", "typed")
LONGEST_INCIDENT = 100


@dataclass(frozen=True, slots=True)
class Typed:
    email: str = ""
    others: str = ""
    incident: str = ""
    reason: str = ""
    known_day: str = ""
    known_clock: str = ""
    time_zone: str = ""
    typed: str = ""

    @classmethod
    def of(cls, data: QueryDict) -> Typed:
        return cls(**{name: data.get(name, "").strip()[:2000] for name in NAMES})

    @property
    def addresses(self) -> tuple[str, ...]:
        return distinct([self.email, *re.split(r"[\s,;]+", self.others)])


def empty(request: Request) -> Typed:
    zone = zone_of(request)
    at = now().astimezone(zone)
    return Typed(
        email=request.GET.get("email", ""),
        known_day=at.date().isoformat(),
        known_clock=f"{at:%H:%M}",
        time_zone=zone.key,
    )


def keep(request: Request, typed: Typed) -> None:
    request.session[KEY] = {**asdict(typed), "at": seconds.time()}


def kept(request: Request) -> Typed | None:
    """What this person typed within the last hour and has not released."""
    held = dict(request.session.get(KEY) or {})
    if not held or seconds.time() - float(held.pop("at", 0)) > KEPT_FOR:
        return None
    return Typed(**held)


def forget(request: Request) -> None:
    request.session.pop(KEY, None)


def wrong_address(typed: Typed) -> dict[str, str]:
    if not well_formed(typed.email):
        return {"email": _("Enter an e-mail address like name@company.com.")}
    bad = [each for each in typed.addresses if not well_formed(each)]
    if not bad:
        return {}
    says = _("“%(address)s” is not an e-mail address like name@company.com. Correct it or take it out.")
    return {"others": says % {"address": bad[0]}}


def faults(typed: Typed) -> dict[str, str]:
    """What is missing or wrong, by field."""
    wrong = wrong_address(typed)
    if not typed.incident:
        wrong["incident"] = _("Enter the reference of the incident.")
    elif len(typed.incident) > LONGEST_INCIDENT:
        wrong["incident"] = _("Write at most %(n)d characters.") % {"n": LONGEST_INCIDENT}
    if typed.reason not in URGENT_REASONS:
        wrong["reason"] = _("Choose the security reason.")
    try:
        known_since(typed)
    except Refused as refusal:
        wrong[str(refusal.facts["field"])] = refusal.sentence
    if not typed.typed or not same(typed.typed, typed.email):
        wrong["typed"] = _("Type the address once more, exactly as in step 1. Nothing has been removed.")
    return wrong


def known_since(typed: Typed) -> datetime:
    if not known_zone(typed.time_zone):
        raise Refused("no-zone", _("Choose a time zone from the list."), field="time_zone")
    try:
        day = date.fromisoformat(typed.known_day)
    except ValueError:
        raise Refused("no-day", _("Enter a date like 2027-01-31."), field="known_day") from None
    try:
        clock = time.fromisoformat(typed.known_clock)
    except ValueError:
        raise Refused("no-clock", _("Enter a time like 13:20."), field="known_clock") from None
    return moment(day, clock.replace(tzinfo=None), ZoneInfo(typed.time_zone), field="known_clock")


def fields(typed: Typed, wrong: Mapping[str, str]) -> dict[str, FieldCard]:
    plain = (("autocomplete", "off"), ("spellcheck", "false"))
    reasons = (OptionCard("", _("Choose"), not typed.reason), *(
        OptionCard(each.code, each.says, each.code == typed.reason) for each in URGENT_REASONS.values()
    ))  # fmt: skip
    zones = tuple(OptionCard(key, label, key == typed.time_zone) for key, label in zone_choices())
    made = (
        FieldCard("email", _("Their address"), "email", typed.email, attrs=plain,
                  hint=_("The one that they use in Segment.")),
        FieldCard("others", _("Other addresses"), "textarea", typed.others, rows=2, required=False, attrs=plain,
                  hint=_("One on each line. Addresses that your records know are used too.")),
        FieldCard("incident", _("Incident"), value=typed.incident, width="mid", attrs=(("autocomplete", "off"),),
                  hint=_("Its reference, such as INC-774.")),
        FieldCard("reason", _("Reason"), "select", options=reasons, width="mid"),
        FieldCard("known_day", _("Known since"), "date", typed.known_day, width="short"),
        FieldCard("known_clock", _("At"), "time", typed.known_clock, width="short"),
        FieldCard("time_zone", _("Time zone"), "select", options=zones, width="mid"),
        FieldCard("typed", _("Type the address to confirm"), "email", typed.typed,
                  attrs=(("autocomplete", "off"), ("spellcheck", "false"))),
    )  # fmt: skip
    return {card.name: replace(card, error=wrong.get(card.name, "")) for card in made}


def summary(wrong: Mapping[str, str], general: str = "") -> ErrorSummaryCard:
    lines = [ErrorLine(wrong[name], f"id_{name}") for name in NAMES if name in wrong]
    return ErrorSummaryCard((*([ErrorLine(general)] if general else []), *lines))
