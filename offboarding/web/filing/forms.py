"""What people type on the four pages."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.lib.addresses import distinct, well_formed
from offboarding.lib.moments import after, moment
from offboarding.lib.refusals import Refused
from offboarding.removals.rules import FILED_FOR, Choice, refuses_stays
from offboarding.web.account.forms import zone_choices

NO_SPELLING = {"autocomplete": "off", "spellcheck": "false"}
LEAVE = "leave"
AT_ONCE = ("now", lazy("As soon as it is approved"))
AT_A_TIME = ("at", lazy("At a date and time"))
LONG = {"max_length": lazy("Write at most %(limit_value)d characters.")}


class WhoForm(forms.Form):
    """Page 1. `add` is a suggested address that was pressed."""

    email = forms.CharField(
        label=lazy("E-mail address"),
        widget=forms.EmailInput(attrs=NO_SPELLING),
        error_messages={"required": lazy("Enter an e-mail address like name@company.com.")},
    )
    others = forms.CharField(
        label=lazy("Other addresses they may use"),
        required=False,
        widget=forms.Textarea(attrs=NO_SPELLING),
    )
    name = forms.CharField(
        label=lazy("Name"),
        required=False,
        max_length=120,
        error_messages=LONG,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    merge = forms.BooleanField(
        label=lazy("Another account of the same person stays: merge the accounts"), required=False
    )
    stays = forms.CharField(
        label=lazy("Address of the account that stays"),
        required=False,
        widget=forms.EmailInput(attrs=NO_SPELLING),
    )
    machine = forms.BooleanField(
        label=lazy("This is a service account: no person signs in with it"), required=False
    )
    owner = forms.CharField(
        label=lazy("Who answers for it"),
        required=False,
        max_length=200,
        error_messages=LONG,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    consumers = forms.CharField(
        label=lazy("What runs with it"),
        required=False,
        max_length=2000,
        error_messages=LONG,
        widget=forms.Textarea,
    )
    add = forms.CharField(required=False)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("merge"):
            self.check_stays(given)
        if given.get("machine"):
            if not given.get("owner"):
                self.add_error("owner", _("Say who answers for this account."))
            if not given.get("consumers"):
                self.add_error(
                    "consumers", _("Say what runs with it: jobs, pipelines, scripts. Or: not known.")
                )
        return given

    def check_stays(self, given: dict[str, Any]) -> None:
        if not well_formed(given.get("stays", "")):
            self.add_error("stays", _("Enter the address of the account that stays, like name@company.com."))
        elif wrong := refuses_stays(
            given["stays"], [given.get("email", ""), given["stays"]], given["machine"]
        ):
            self.add_error("stays", wrong)

    @property
    def staying(self) -> str:
        """The address of the account that stays; empty where none does."""
        given = self.cleaned_data
        return given["stays"] if given["merge"] else ""

    @property
    def of_machine(self) -> tuple[str, str]:
        """(owner, consumers) of a service account; both empty for a person's."""
        given = self.cleaned_data
        return (given["owner"], given["consumers"]) if given["machine"] else ("", "")

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if not well_formed(email):
            raise ValidationError(_("Enter an e-mail address like name@company.com."))
        return email

    def clean_others(self) -> str:
        typed = [part for part in re.split(r"[\s,;]+", self.cleaned_data["others"]) if part]
        if wrong := [part for part in typed if not well_formed(part)]:
            says = _(
                "“%(address)s” is not an e-mail address like name@company.com. Correct it or take it out."
            )
            raise ValidationError(says % {"address": wrong[0]})
        return "\n".join(typed)

    @property
    def addresses(self) -> list[str]:
        """All addresses of the person, the first one on top."""
        given = self.cleaned_data
        return list(distinct([given["email"], *given["others"].split("\n"), given["add"], self.staying]))


class PlaceForm(forms.Form):
    """Page 2, one place. `choice` is a Choice or LEAVE; checked here only as far as reading it needs."""

    choice = forms.ChoiceField(
        choices=[(choice.value, choice.value) for choice in Choice] + [(LEAVE, LEAVE)], required=False
    )
    until = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": lazy("Write the date as year-month-day, such as 2026-04-30.")},
    )
    reason = forms.CharField(required=False, max_length=300, error_messages=LONG)
    # Keys of what goes, as `takings` offers them; what it does not offer is not read.
    taken = forms.Field(required=False, widget=forms.SelectMultiple)


class DetailsForm(forms.Form):
    """Page 3: why, when, and what others need to know."""

    reason = forms.ChoiceField(
        label=lazy("Why does the access end?"),
        choices=[(reason.code, reason.says) for reason in FILED_FOR.values()],
        error_messages={"required": lazy("Choose a reason."), "invalid_choice": lazy("Choose a reason.")},
    )
    start = forms.ChoiceField(
        label=lazy("When should it end?"),
        choices=[AT_ONCE, AT_A_TIME],
        widget=forms.RadioSelect,
        initial="now",
        error_messages={
            "required": lazy("Choose when the access should end."),
            "invalid_choice": lazy("Choose when the access should end."),
        },
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
    time_zone = forms.ChoiceField(
        label=lazy("Time zone"), error_messages={"invalid_choice": lazy("Choose a time zone from the list.")}
    )
    ticket = forms.CharField(label=lazy("Ticket"), required=False, max_length=100, error_messages=LONG)
    sow = forms.CharField(label=lazy("Contract or SOW"), required=False, max_length=100, error_messages=LONG)
    handover = forms.CharField(
        label=lazy("Hand-over contact"), required=False, max_length=200, error_messages=LONG
    )
    client_informed = forms.BooleanField(label=lazy("The client knows about it"), required=False)
    notes = forms.CharField(
        label=lazy("Notes"), required=False, max_length=4000, widget=forms.Textarea, error_messages=LONG
    )

    def __init__(self, *args: Any, zone: str = "UTC", last_day: date | None = None, **kwargs: Any) -> None:
        """`last_day`: of the engagement on whose roster the person stands, if it is still to come."""
        super().__init__(*args, **kwargs)
        self.last_day = last_day
        if last_day:
            offer_last_day(self.fields["start"], last_day)
        field = self.fields["time_zone"]
        assert isinstance(field, forms.ChoiceField)
        named = zone_choices()
        field.choices = named if zone in dict(named) else [(zone, zone), *named]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("start") == "at":
            self.need("day", _("Enter the date on which the access should end."))
            self.need("clock", _("Enter the time at which the access should end."))
        if given.get("start") in ("at", "end"):
            self.need_one_moment()
        return given

    def need_one_moment(self) -> None:
        """On days when clocks change, some times come never and some come twice."""
        if {"day", "clock", "time_zone"} & set(self.errors):
            return
        try:
            self.moment()
        except Refused as refusal:
            self.add_error(str(refusal.facts["field"]), refusal.sentence)

    def moment(self) -> datetime:
        given = self.cleaned_data
        if given["start"] == "end" and self.last_day:
            return after(self.last_day, ZoneInfo(given["time_zone"]))
        return moment(given["day"], given["clock"], ZoneInfo(given["time_zone"]))

    def need(self, name: str, says: str) -> None:
        if name not in self.errors and not self.cleaned_data.get(name):
            self.add_error(name, says)

    def starts_at(self, now: datetime) -> datetime:
        """The moment that was chosen."""
        if self.cleaned_data["start"] == "now":
            return now
        return self.moment()


def offer_last_day(field: forms.Field, last_day: date) -> None:
    """Between the two that are always there."""
    assert isinstance(field, forms.ChoiceField)
    says = _("After the last day of the engagement, %(day)s") % {"day": date_format(last_day, "j M Y")}
    field.choices = [AT_ONCE, ("end", says), AT_A_TIME]
