"""What is typed about a client and an engagement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as lazy

from offboarding.directory import clients, engagements
from offboarding.directory.models import Client, Engagement
from offboarding.users.models import User
from offboarding.web.account.forms import zone_choices
from offboarding.web.filing.forms import LONG

DAY = {"invalid": lazy("Write the date as year-month-day, such as 2026-04-30.")}


def day(label: Any, hint: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=hint, required=False, widget=widget, error_messages=DAY)


class ClientForm(forms.Form):
    name = forms.CharField(
        label=lazy("Name"),
        max_length=120,
        error_messages={**LONG, "required": lazy("Enter the client's name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    time_zone = forms.ChoiceField(
        label=lazy("Time zone"),
        help_text=lazy("Where the client's days end: last days and support hours are meant there."),
        error_messages={
            "invalid_choice": lazy("Choose a time zone from the list."),
            "required": lazy("Choose a time zone from the list."),
        },
    )
    contact = forms.CharField(
        label=lazy("Contact at the client"), required=False, max_length=200, error_messages=LONG
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["time_zone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = zone_choices()

    @property
    def said(self) -> clients.Said:
        return clients.Said(**self.cleaned_data)


def client_now(client: Client) -> dict[str, Any]:
    """What the fields would show if the form were opened now."""
    return {
        "name": client.name,
        "time_zone": client.time_zone or settings.TIME_ZONE,
        "contact": client.contact,
    }


class EngagementForm(forms.Form):
    name = forms.CharField(
        label=lazy("Name"),
        max_length=200,
        error_messages={**LONG, "required": lazy("Enter the engagement's name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    lead = forms.ChoiceField(
        label=lazy("Lead"),
        help_text=lazy("Somebody who files requests for this client."),
        error_messages={"required": lazy("Choose a lead."), "invalid_choice": lazy("Choose a lead.")},
    )
    starts_on = day(lazy("First day"), "")
    ends_on = day(lazy("Last day"), "")
    sow = forms.CharField(label=lazy("Contract or SOW"), required=False, max_length=100, error_messages=LONG)

    def __init__(self, *args: Any, leads: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.leads = {str(user.pk): user for user in leads}
        field = self.fields["lead"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", lazy("– choose –")), *((key, user.name) for key, user in self.leads.items())]

    @property
    def said(self) -> engagements.Said:
        return engagements.Said(**{**self.cleaned_data, "lead": self.leads[self.cleaned_data["lead"]]})


def engagement_now(engagement: Engagement) -> dict[str, Any]:
    return {
        "name": engagement.name,
        "lead": engagement.lead_id,
        "starts_on": engagement.starts_on,
        "ends_on": engagement.ends_on,
        "sow": engagement.sow,
    }
