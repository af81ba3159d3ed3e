from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.directory.models import Client
from offboarding.reports.audit.rules import Wanted
from offboarding.web.audit.words import options
from offboarding.web.cards import FieldCard

DAY = forms.DateInput(attrs={"type": "date"})


class FindForm(forms.Form):
    """Filters of the audit log. All of them stand in the address, so that it can be kept and sent on."""

    since = forms.DateField(label=lazy("From"), required=False, widget=DAY)
    until = forms.DateField(label=lazy("To"), required=False, widget=DAY)
    who = forms.CharField(label=lazy("Who"), required=False, max_length=100)
    what = forms.ChoiceField(label=lazy("What"), required=False)
    about = forms.CharField(label=lazy("About"), required=False, max_length=60)
    client = forms.ModelChoiceField(
        Client.objects.none(), label=lazy("Client"), required=False, empty_label=lazy("All clients")
    )
    text = forms.CharField(label=lazy("Entry, hash, person or ticket"), required=False, max_length=100)

    def __init__(self, data: Any, clients: Any) -> None:
        super().__init__(data)
        what, client = self.fields["what"], self.fields["client"]
        assert isinstance(what, forms.ChoiceField) and isinstance(client, forms.ModelChoiceField)
        what.choices = [("", _("All")), *options()]
        client.queryset = clients

    def clean_about(self) -> str:
        """Takes a bare number for the request of that number."""
        typed = str(self.cleaned_data["about"]).strip()
        number = re.fullmatch(r"(?:r-?)?(\d{1,9})", typed, re.IGNORECASE)
        return f"R-{number[1]}" if number else typed

    def clean(self) -> dict[str, Any]:
        given = dict(super().clean() or {})
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            self.add_error("until", _("This day is before the first one. Change one of the two."))
        return given

    def wanted(self, zone: ZoneInfo) -> Wanted:
        """Days are those of the reader's zone; both count."""
        given = self.cleaned_data
        since, until, client = given["since"], given["until"], given["client"]
        return Wanted(
            since=datetime.combine(since, time(), zone) if since else None,
            until=datetime.combine(until + timedelta(days=1), time(), zone) if until else None,
            who=given["who"].strip(),
            what=given["what"],
            about=given["about"],
            client=client.pk if client else None,
            text=given["text"].strip(),
        )

    def cards(self) -> tuple[FieldCard, ...]:
        kinds = {"text": "search", "since": "date", "until": "date"}
        several = len(getattr(self.fields["client"], "queryset", ())) > 1
        return tuple(
            FieldCard.of(self[name], required=False, **({"kind": kinds[name]} if name in kinds else {}))
            for name in self.fields
            if name != "client" or several
        )

    def told(self) -> list[tuple[str, str]]:
        """The filters in words, for a sentence and for the cover of an export."""
        whats = dict(options())
        words = {
            name: whats.get(self[name].value(), "") if name == "what" else str(value)
            for name, value in self.cleaned_data.items()
            if value
        }
        return [(str(self.fields[name].label), word) for name, word in words.items()]
