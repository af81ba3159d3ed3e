"""What a policy is for, and what it says, as it is typed. People are named by their addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.approvals.policies.actions import Proposal
from offboarding.approvals.policies.rules import AS_INSTALLED, TURNS_AT_MOST, Selector, Terms, Turn, Who
from offboarding.connections.models import Workspace
from offboarding.directory.models import Client
from offboarding.lib.addresses import fold
from offboarding.lib.refusals import Refused
from offboarding.lib.typed import whole
from offboarding.removals.rules import FILED_FOR, REASONS, RESTORING, Group
from offboarding.users.models import User
from offboarding.web.cards import ErrorLine, ErrorSummaryCard, FieldCard
from offboarding.web.cards.fields import options

ALL = "all"
NUMBERS = ("owner", "production", "many", "many_needed", "valid_days", "remind_hours", "escalate_hours")
WHO_WORDS = {
    Who.APPROVER: lazy("Approvers"),
    Who.CLIENT: lazy("Approvers of this client only"),
    Who.SECURITY: lazy("Security"),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """Every field by its name, as it was typed."""

    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @classmethod
    def of(cls, post: Mapping[str, Any]) -> Typed:
        return cls({name: str(post.get(name, "")).strip() for name in names()})

    @classmethod
    def showing(cls, selector: Selector, terms: Terms, people: Mapping[int, str], why: str = "") -> Typed:
        """A form that says what holds. `people` are addresses by id."""
        values = {
            "client": ALL if selector.client is None else str(selector.client),
            "environment": selector.environment,
            "reason": selector.reason,
            "why": why,
            "ordered": "on" if terms.ordered else "",
            "apart": "on" if terms.apart else "",
            "escalate_to": addresses(terms.escalate_to, people),
            **{name: str(getattr(terms, name)) for name in NUMBERS},
        }
        for n, turn in enumerate(terms.turns):
            values |= {
                f"who-{n}": turn.who.value,
                f"count-{n}": str(turn.count),
                f"people-{n}": addresses(turn.people, people),
            }
        return cls(values)


def addresses(people: Iterable[int], known: Mapping[int, str]) -> str:
    return ", ".join(known[each] for each in people if each in known)


def names() -> list[str]:
    turns = [f"{name}-{n}" for n in range(TURNS_AT_MOST) for name in ("who", "count", "people")]
    return ["client", "environment", "reason", "why", "ordered", "apart", "escalate_to", *NUMBERS, *turns]


# ---------------------------------------------------------------- what is meant


def proposal(typed: Typed, selector: Selector | None, known: Mapping[str, int]) -> Proposal:
    """`known` are ids by folded address. Raises Refused with the field that cannot be read."""
    meant = selector or selector_of(typed)
    numbers = {name: number(typed[name], name) for name in NUMBERS}
    turns = tuple(turn for n in range(TURNS_AT_MOST) if (turn := turn_of(typed, n, known)))
    terms = Terms(
        turns=turns,
        ordered=bool(typed["ordered"]),
        apart=bool(typed["apart"]),
        escalate_to=people(typed["escalate_to"], "escalate_to", known),
        **numbers,
    )
    return Proposal(meant, terms, typed["why"])


def selector_of(typed: Typed) -> Selector:
    client = whole(typed["client"])
    if client is None and typed["client"] != ALL:
        raise Refused("no-client", _("Choose what the policy is for."), field="client")
    return Selector(client, typed["environment"], typed["reason"])


def turn_of(typed: Typed, n: int, known: Mapping[str, int]) -> Turn | None:
    """None for an empty line."""
    who = typed[f"who-{n}"]
    if not who:
        return None
    if who not in list(Who):
        raise Refused("no-who", _("Choose who decides from the list."), field=f"who-{n}")
    named = people(typed[f"people-{n}"], f"people-{n}", known)
    return Turn(Who(who), number(typed[f"count-{n}"], f"count-{n}"), named)


def number(text: str, field: str) -> int:
    found = whole(text, digits=5)
    if found is None:
        raise Refused("no-number", _("Write a whole number."), field=field)
    return found


def people(text: str, field: str, known: Mapping[str, int]) -> tuple[int, ...]:
    found = []
    for address in (part.strip() for part in text.replace(";", ",").split(",")):
        if not address:
            continue
        if fold(address) not in known:
            raise Refused(
                "no-person", _("%(who)s does not sign in here.") % {"who": address[:254]}, field=field
            )
        found.append(known[fold(address)])
    return tuple(dict.fromkeys(found))


def addresses_of(users: Iterable[User]) -> dict[str, int]:
    return {fold(user.email): user.pk for user in users}


# ---------------------------------------------------------------- what is shown


@dataclass(frozen=True, slots=True)
class Part:
    """One group of fields under a heading. `turns` are lines of their own."""

    id: str
    title: str
    fields: tuple[FieldCard, ...]
    turns: tuple[tuple[str, tuple[FieldCard, ...]], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """Makes fields that keep what was typed, with what is wrong beside it."""

    typed: Typed
    wrong: Mapping[str, str]

    def field(self, name: str, label: str, kind: str = "text", **more: Any) -> FieldCard:
        return FieldCard(name, label, kind, self.typed[name], error=self.wrong.get(name, ""), **more)

    def count(self, name: str, label: str, hint: str = "") -> FieldCard:
        numeric = (("min", "0"), ("inputmode", "numeric"))
        return self.field(name, label, "number", width="short", hint=hint, attrs=numeric)

    def tick(self, name: str, label: str, hint: str = "") -> FieldCard:
        error = self.wrong.get(name, "")
        return FieldCard(
            name, label, "checkbox", checked=bool(self.typed[name]), required=False, hint=hint, error=error
        )


def parts(
    typed: Typed, clients: Iterable[Client], everywhere: bool, fixed: bool, wrong: Mapping[str, str]
) -> tuple[Part, ...]:
    """`fixed`: what the policy is for cannot be chosen any more."""
    shown = Shown(typed, wrong)
    made = (who_part(shown), more_part(shown), apart_part(shown), times_part(shown), why_part(shown))
    return made if fixed else (selector_part(typed, clients, everywhere, wrong), *made)


def who_part(shown: Shown) -> Part:
    turns = tuple(
        (_("Turn %(n)d") % {"n": n + 1}, turn_fields(shown.typed, n, shown.wrong))
        for n in range(TURNS_AT_MOST)
    )
    order = _("In this order: a turn begins when the one before has decided")
    note = _(
        "Always different people. The requester, whoever changed the plan, and the person themself never decide."
    )
    return Part("who", _("Who decides"), (shown.tick("ordered", order),), turns, note)


def more_part(shown: Shown) -> Part:
    fields = (
        shown.count("owner", _("People if a Workspace Owner goes, or nobody could look")),
        shown.count("production", _("People for production workspaces")),
        shown.count("many", _("More workspaces than this are many")),
        shown.count("many_needed", _("People for many workspaces")),
    )
    return Part("more", _("When it takes more"), fields)


def apart_part(shown: Shown) -> Part:
    hint = _("Operators, and whoever did a step, do not approve. Whoever approved does no step.")
    tick = shown.tick("apart", _("Keep approving and doing apart"), hint)
    return Part("apart", _("Who works on the steps"), (tick,))


def times_part(shown: Shown) -> Part:
    nobody = _("Addresses, with commas between. Empty: the administrators of the request's clients.")
    fields = (
        shown.count("valid_days", _("Days until a request for approval ends")),
        shown.count("remind_hours", _("Hours until a reminder"), _("0 means never.")),
        shown.count("escalate_hours", _("Hours until others are told"), _("0 means never.")),
        shown.field("escalate_to", _("Who is told then"), required=False, hint=nobody),
    )
    return Part("times", _("How long it waits"), fields)


def why_part(shown: Shown) -> Part:
    hint = _("The second person reads it, and it stands in the record.")
    longest = (("maxlength", "1000"),)
    return Part(
        "why",
        _("Why"),
        (shown.field("why", _("Why this changes"), "textarea", rows=3, hint=hint, attrs=longest),),
    )


def turn_fields(typed: Typed, n: int, wrong: Mapping[str, str]) -> tuple[FieldCard, ...]:
    kinds = [("", _("– nobody –"))] * (n > 0) + [(each.value, str(WHO_WORDS[each])) for each in Who]
    return (
        FieldCard(
            f"who-{n}", _("Who"), "select", options=options(kinds, typed[f"who-{n}"]), required=False,
            error=wrong.get(f"who-{n}", ""),
        ),
        FieldCard(
            f"count-{n}", _("How many"), "number", typed[f"count-{n}"] or "1", width="short", required=False,
            error=wrong.get(f"count-{n}", ""), attrs=(("min", "1"), ("max", "5")),
        ),
        FieldCard(
            f"people-{n}", _("Only these people"), value=typed[f"people-{n}"], required=False,
            error=wrong.get(f"people-{n}", ""), attrs=(("autocomplete", "off"),),
        ),
    )  # fmt: skip


def selector_part(
    typed: Typed, clients: Iterable[Client], everywhere: bool, wrong: Mapping[str, str]
) -> Part:
    fields = selector_fields(typed, clients, everywhere, wrong)
    note = _("The most specific applies: first the client counts, then the environment, then the reason.")
    return Part("for", _("What it is for"), fields, note=note)


def selector_fields(
    typed: Typed, clients: Iterable[Client], everywhere: bool, wrong: Mapping[str, str]
) -> tuple[FieldCard, ...]:
    places = [(ALL, _("All clients"))] * everywhere + [(str(each.pk), each.name) for each in clients]
    environments = [("", _("Every environment")), *Workspace.Environment.choices]
    reason_rows = [("", _("Every reason")), *reasons(groups=True)]

    def choice(
        name: str, label: str, rows: Iterable[tuple[str, Any]], required: bool = False, hint: str = ""
    ) -> FieldCard:
        shown = options([(value, str(says)) for value, says in rows], typed[name])
        error = wrong.get(name, "")
        return FieldCard(name, label, "select", options=shown, required=required, error=error, hint=hint)

    return (
        choice("client", _("Client"), places, required=True),
        choice("environment", _("Environment"), environments),
        choice("reason", _("Reason"), reason_rows, hint=stricter_ones()),
    )


def stricter_ones() -> str:
    """What a policy for every reason does not loosen."""
    names = ", ".join(REASONS[each].says if each in REASONS else each for each in AS_INSTALLED)
    return _("With “Every reason”, what is installed for %(names)s still holds where it is stricter.") % {
        "names": names
    }


def reasons(groups: bool) -> list[tuple[str, str]]:
    """The catalogue; with `groups`, a whole group can be meant too."""
    rows = [(code, each.says) for code, each in FILED_FOR.items()]
    rows.append((RESTORING, REASONS[RESTORING].says))
    if groups:
        named = (each for each in Group if each is not Group.RESTORATION)
        rows = [(each.value, _("%(group)s: every reason") % {"group": each.value}) for each in named] + rows
    return rows


def faults_of(refusal: Refused) -> dict[str, str]:
    faults: dict[str, str] = refusal.facts.get("faults") or {}
    field = str(refusal.facts.get("field", ""))
    return faults or ({field: refusal.sentence} if field else {})


def summary(refusal: Refused | None) -> ErrorSummaryCard:
    if refusal is None:
        return ErrorSummaryCard()
    faults = faults_of(refusal) or {"": refusal.sentence}
    return ErrorSummaryCard(
        tuple(ErrorLine(says, f"id_{field}" if field else "") for field, says in faults.items())
    )
