from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.directory.models import Client
from offboarding.directory.queries import clients_in
from offboarding.directory.rules import Scope, Window
from offboarding.removals.rules import Group
from offboarding.reports.population.queries import bounds
from offboarding.reports.population.rules import LARGEST_SAMPLE, Wanted
from offboarding.reports.walls import windows_on
from offboarding.web.cards import FieldCard

DAY = forms.DateInput(attrs={"type": "date"})
LONGEST = timedelta(days=3 * 366)  # a longer period is two reports
USUAL = timedelta(days=88)  # within what Segment keeps: else not even a first copy covers the first day
KIND_WORDS = {
    Group.COMPLETION: lazy("Completion"),
    Group.SCOPE: lazy("Scope"),
    Group.SECURITY: lazy("Security"),
    Group.ORGANISATION: lazy("Organisation"),
    Group.RESTORATION: lazy("Restoration"),
}


def first_day(window: Window, zone: ZoneInfo) -> date | None:
    return window.since.astimezone(zone).date() if window.since else None


def last_day(window: Window, zone: ZoneInfo) -> date | None:
    return (window.until - timedelta(microseconds=1)).astimezone(zone).date() if window.until else None


def in_words(window: Window, zone: ZoneInfo) -> str:
    first, last = first_day(window, zone), last_day(window, zone)
    words = {"first": first and date_format(first, "j M Y"), "last": last and date_format(last, "j M Y")}
    if first and last:
        return _("of %(first)s to %(last)s") % words
    return (_("since %(first)s") if first else _("up to %(last)s")) % words


class PeriodForm(forms.Form):
    """What the report is of, and which sample of it. All of it stands in the address."""

    since = forms.DateField(label=lazy("From"), required=False, widget=DAY)
    until = forms.DateField(label=lazy("To"), required=False, widget=DAY)
    client = forms.ModelChoiceField(
        Client.objects.none(), label=lazy("Client"), required=False, empty_label=lazy("All clients")
    )
    kind = forms.ChoiceField(
        label=lazy("Kind"),
        required=False,
        choices=[("", lazy("All")), *((group.value, words) for group, words in KIND_WORDS.items())],
    )

    def __init__(self, data: Any, reader: Scope, zone: ZoneInfo, today: date) -> None:
        super().__init__(data)
        self.reader, self.zone = reader, zone
        self.newest = min([today, *(last_day(each, zone) or today for each in reader.windows)])
        field = self.fields["client"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = clients_in(reader)

    def clean(self) -> dict[str, Any]:
        """Without days: the last 90, or those of an auditor's own period."""
        given = dict(super().clean() or {})
        if self.errors:
            return given
        given["until"] = until = given.get("until") or self.newest
        given["since"] = since = given.get("since") or self.first(until)
        if until < since:
            self.add_error("until", _("This day is before the first one. Change one of the two."))
        elif until - since > LONGEST:
            self.add_error("until", _("Take at most three years at once, and the rest in a second report."))
        elif outside := self.outside(given):
            self.add_error("since", outside)
        return given

    def first(self, until: date) -> date:
        usual = until - USUAL
        return max([usual, *(day for each in self.reader.windows if (day := first_day(each, self.zone)))])

    def outside(self, given: dict[str, Any]) -> str:
        """Why an auditor of a period may not have this one, in a sentence; empty if they may."""
        client = given.get("client")
        days = bounds(Wanted(given["since"], given["until"], None, ""), self.zone)
        for window in windows_on(self.reader, client and client.pk):
            if not window.holds(*days):
                words = {"period": in_words(window, self.zone)}
                return _("Your access is to records %(period)s. Choose days within it.") % words
        return ""

    def wanted(self) -> Wanted:
        given = self.cleaned_data
        client = given["client"]
        return Wanted(given["since"], given["until"], client.pk if client else None, given["kind"])

    def told(self) -> list[tuple[str, str]]:
        """The filters in words, for the cover of a file."""
        given = self.cleaned_data
        client, kind = given["client"], given["kind"]
        return [
            (str(_("From")), given["since"].isoformat()),
            (str(_("To")), given["until"].isoformat()),
            (str(_("Client")), client.name if client else str(_("all clients of the reader"))),
            (str(_("Kind")), str(KIND_WORDS[Group(kind)]) if kind else str(_("all"))),
        ]

    def cards(self) -> tuple[FieldCard, ...]:
        given = self.cleaned_data if self.is_valid() else {}
        days = {name: given[name].isoformat() for name in ("since", "until") if given.get(name)}
        several = len(getattr(self.fields["client"], "queryset", ())) > 1
        return tuple(
            FieldCard.of(
                self[name],
                required=False,
                **(
                    {"kind": "date", "value": days.get(name, self[name].value() or "")}
                    if name in ("since", "until")
                    else {}
                ),
            )
            for name in self.fields
            if name != "client" or several
        )


class SampleForm(forms.Form):
    sample = forms.IntegerField(label=lazy("How many"), min_value=1, max_value=LARGEST_SAMPLE)
    seed = forms.CharField(label=lazy("Seed"), max_length=40, strip=True)

    def cards(self, seed: str) -> tuple[FieldCard, ...]:
        sample = self["sample"].value() or "25"
        return (
            FieldCard.of(self["sample"], kind="number", value=str(sample), width="short"),
            FieldCard.of(
                self["seed"],
                value=str(self["seed"].value() or seed),
                hint=_("The same seed gives the same sample."),
            ),
        )
