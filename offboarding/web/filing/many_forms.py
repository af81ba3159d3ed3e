"""The page on which a list begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.directory.models import Engagement
from offboarding.lib.moments import after, moment
from offboarding.lib.refusals import Refused
from offboarding.removals.batches import Terms
from offboarding.removals.rules import FILED_FOR, Group
from offboarding.web.account.forms import zone_choices
from offboarding.web.filing.checking import GROUPS
from offboarding.web.filing.forms import LONG

HOW = (
    ("text", lazy("Paste a list")),
    ("file", lazy("Upload a CSV file")),
    ("engagement", lazy("Everyone on an engagement")),
)


class ListForm(forms.Form):
    """Whose access, by a file, by text or by a roster; and what holds for all of them."""

    file = forms.FileField(label=lazy("CSV file"), required=False)
    text = forms.CharField(
        label=lazy("Or paste the list"),
        required=False,
        widget=forms.Textarea(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    engagement = forms.ChoiceField(label=lazy("Or everyone on this engagement"), required=False)
    reason = forms.ChoiceField(
        label=lazy("Why does the access end?"),
        error_messages={"required": lazy("Choose a reason."), "invalid_choice": lazy("Choose a reason.")},
    )
    start = forms.ChoiceField(
        label=lazy("When should it end?"),
        choices=[
            ("now", lazy("As soon as each is approved")),
            ("end", lazy("After the last day of the engagement")),
            ("at", lazy("At a date and time")),
        ],
        widget=forms.RadioSelect,
        initial="now",
    )
    day = forms.DateField(
        label=lazy("Date"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": lazy("Write the date as year-month-day, such as 2026-04-30.")},
    )
    clock = forms.TimeField(
        label=lazy("Time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": lazy("Write the time as hours and minutes, such as 17:00.")},
    )
    time_zone = forms.ChoiceField(label=lazy("Time zone"))
    ticket = forms.CharField(label=lazy("Ticket"), required=False, max_length=100, error_messages=LONG)
    client_informed = forms.BooleanField(label=lazy("The client knows about it"), required=False)

    def __init__(
        self, *args: Any, zone: str, engagements: Sequence[Engagement], today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.engagements = {str(each.pk): each for each in engagements}
        rosters = [(key, f"{each.client.name}: {each.name}") for key, each in self.engagements.items()]
        self.choose("engagement", [("", _("– none –")), *rosters])
        self.choose("reason", [("", _("– choose –")), *reasons()])
        named = zone_choices()
        self.choose("time_zone", named if zone in dict(named) else [(zone, zone), *named])

    def choose(self, name: str, rows: Sequence[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(rows)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        filled = [name for name in ("file", "text", "engagement") if given.get(name)]
        if not filled and "file" not in self.errors:
            self.add_error("text", _("Paste a list, choose a file, or choose an engagement."))
        if len(filled) > 1:
            self.add_error(filled[1], _("Use one of the three: a file, a list or an engagement."))
        if given.get("start") == "at":
            self.need_a_moment(given)
        if given.get("start") == "end" and not self.last_day(given):
            self.add_error("start", _("Choose an engagement above whose last day is still to come."))
        return given

    def last_day(self, given: dict[str, Any]) -> date | None:
        """Of the engagement that was chosen, if it is still to come."""
        chosen = self.engagements.get(given.get("engagement", ""))
        ends_on = chosen.ends_on if chosen else None
        return ends_on if ends_on and ends_on >= self.today else None

    def need_a_moment(self, given: dict[str, Any]) -> None:
        for name, says in (("day", _("Enter the date.")), ("clock", _("Enter the time."))):
            if name not in self.errors and not given.get(name):
                self.add_error(name, says)
        if {"day", "clock", "time_zone"} & set(self.errors):
            return
        try:
            moment(given["day"], given["clock"], ZoneInfo(given["time_zone"]))
        except Refused as refusal:
            self.add_error("clock", refusal.sentence)

    def terms(self) -> Terms:
        given = self.cleaned_data
        at = None
        if given["start"] == "at":
            at = moment(given["day"], given["clock"], ZoneInfo(given["time_zone"]))
        if given["start"] == "end" and (last_day := self.last_day(given)):
            at = after(last_day, ZoneInfo(given["time_zone"]))
        return Terms(given["reason"], given["time_zone"], at, given["ticket"], given["client_informed"])


def reasons() -> list[tuple[Any, list[tuple[str, str]]]]:
    """The catalogue in its groups, as a list to choose from shows them."""
    return [
        (words, [(each.code, each.says) for each in FILED_FOR.values() if each.group is group])
        for group, words in GROUPS.items()
        if isinstance(group, Group)
    ]
