"""The three ways to answer a plan."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from offboarding.approvals.rules import Decision
from offboarding.web.cards import ErrorLine, ErrorSummaryCard, FieldCard, OptionCard

LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Typed:
    decision: str = ""
    note: str = ""
    fingerprint: str = ""

    @classmethod
    def of(cls, data: QueryDict) -> Typed:
        return cls(data.get("decision", ""), data.get("note", "").strip(), data.get("fingerprint", ""))


def faults(typed: Typed, not_yet: str = "") -> dict[str, str]:
    """What is missing, by field. `not_yet`: why this reader's yes would not count now."""
    if typed.decision not in list(Decision):
        return {"decision": _("Choose one of the three.")}
    if typed.decision == Decision.APPROVE and not_yet:
        return {"decision": not_yet}
    if typed.decision != Decision.APPROVE and not typed.note:
        return {"note": _("Write a note: it is needed to reject or to ask.")}
    if len(typed.note) > LONGEST:
        return {"note": _("Write at most %(n)d characters.") % {"n": LONGEST}}
    return {}


def fields(
    typed: Typed, wrong: dict[str, str], not_yet: str = "", only_yes: str = ""
) -> tuple[FieldCard, FieldCard]:
    """Three equal radios, none chosen beforehand, and a note. What cannot be chosen now says why."""
    hints = {
        Decision.APPROVE: not_yet,
        Decision.REJECT: _("The request ends. A new one can be filed."),
        Decision.ASK: _("The lead is told at once. The due time keeps running."),
    }
    labels = {Decision.APPROVE: _("Approve"), Decision.REJECT: _("Reject"), Decision.ASK: _("Ask a question")}
    options = tuple(
        OptionCard(
            each.value,
            labels[each],
            typed.decision == each,
            only_yes if only_yes and each is not Decision.APPROVE else hints[each],
            disabled=bool(not_yet if each is Decision.APPROVE else only_yes),
        )
        for each in Decision
    )
    return (
        FieldCard("decision", _("Your decision"), "radios", options=options, error=wrong.get("decision", "")),
        FieldCard(
            "note", _("Note"), "textarea", typed.note, hint=_("Needed to reject or to ask."), rows=3, required=False,
            error=wrong.get("note", ""), attrs=(("maxlength", str(LONGEST)),),
        ),
    )  # fmt: skip


def summary(wrong: dict[str, str]) -> ErrorSummaryCard:
    controls = {"decision": "id_decision_0", "note": "id_note"}
    return ErrorSummaryCard(tuple(ErrorLine(text, controls[name]) for name, text in wrong.items()))
