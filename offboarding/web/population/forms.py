from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.directory.models import Client
from offboarding.removals.rules import Group
from offboarding.reports.population.rules import LARGEST_SAMPLE, Wanted
from offboarding.web.cards import FieldCard

DAY = forms.DateInput(attrs={"type": "date"})
LONGEST = timedelta(days=3 * 366)  # a longer period is two reports
USUAL = timedelta(days=90)
KIND_WORDS = {
    Group.COMPLETION: lazy("Completion"),
    Group.SCOPE: lazy("Scope"),
    Group.SECURITY: lazy("Security"),
    Group.ORGANISATION: lazy("Organisation"),
    Group.RESTORATION: lazy("Restoration"),
}


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

    def __init__(self, data: Any, clients: Any, today: date) -> None:
        super().__init__(data)
        self.today = today
        field = self.fields["client"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = clients

    def clean(self) -> dict[str, Any]:
        """Without days: the last 90."""
        given = dict(super().clean() or {})
        if self.errors:
            return given
        given["until"] = until = given.get("until") or self.today
        given["since"] = since = given.get("since") or until - USUAL
        if until < since:
            self.add_error("until", _("This day is before the first one. Change one of the two."))
        elif until - since > LONGEST:
            self.add_error("until", _("Take at most three years at once, and the rest in a second report."))
        return given

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
    sample = forms.IntegerField(label=lazy("Sample"), min_value=1, max_value=LARGEST_SAMPLE)
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
