from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as lazy

from offboarding.connections import upkeep
from offboarding.connections.models import Workspace
from offboarding.connections.rules import LONGEST, mistyped
from offboarding.web.filing.forms import LONG

WEEKDAYS = (
    ("1", lazy("Monday")),
    ("2", lazy("Tuesday")),
    ("3", lazy("Wednesday")),
    ("4", lazy("Thursday")),
    ("5", lazy("Friday")),
    ("6", lazy("Saturday")),
    ("7", lazy("Sunday")),
)
MANAGED = (
    (Workspace.ManagedBy.UNKNOWN.value, lazy("Not known: the checklist asks")),
    (Workspace.ManagedBy.HAND.value, lazy("By hand, in Segment")),
    (Workspace.ManagedBy.SSO.value, lazy("By hand, and people sign in by SSO")),
    (Workspace.ManagedBy.SCIM.value, lazy("By the identity provider (SCIM)")),
)
ENVIRONMENTS = (
    (Workspace.Environment.PRODUCTION.value, lazy("Production")),
    (Workspace.Environment.STAGING.value, lazy("Staging")),
    (Workspace.Environment.DEVELOPMENT.value, lazy("Development")),
)
CLOCK = {"invalid": lazy("Write the time as hours and minutes, such as 17:00.")}


class TokenForm(forms.Form):
    """A token, pasted once. What was typed is never shown again."""

    token = forms.CharField(
        label=lazy("New token"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}, render_value=False),
    )

    def clean_token(self) -> str:
        token = str(self.cleaned_data["token"]).strip()
        if wrong := mistyped(token[: LONGEST + 1]):
            raise forms.ValidationError(wrong)
        return token


def clock(label: Any) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, widget=widget, error_messages=CLOCK)


class WorkspaceForm(forms.Form):
    """What people say about a connected workspace; what Segment says stands elsewhere."""

    name = forms.CharField(
        label=lazy("Name"),
        max_length=120,
        error_messages={**LONG, "required": lazy("Enter the name that people here know it by.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    environment = forms.ChoiceField(label=lazy("Environment"), choices=ENVIRONMENTS)
    managed_by = forms.ChoiceField(label=lazy("How its members are managed"), choices=MANAGED)
    provider_group = forms.CharField(
        label=lazy("Group at the identity provider"), required=False, max_length=120, error_messages=LONG
    )
    owner_contact = forms.CharField(
        label=lazy("Who owns it at the client"), required=False, max_length=200, error_messages=LONG
    )
    support_days = forms.MultipleChoiceField(
        label=lazy("Days on which somebody can help"),
        choices=WEEKDAYS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    support_from = clock(lazy("From"))
    support_until = clock(lazy("Until"))

    def clean_support_days(self) -> str:
        return "".join(sorted(self.cleaned_data["support_days"]))

    @property
    def said(self) -> upkeep.Said:
        return upkeep.Said(**self.cleaned_data)


def workspace_now(workspace: Workspace) -> dict[str, Any]:
    return {
        "name": workspace.name,
        "environment": workspace.environment,
        "managed_by": workspace.managed_by,
        "provider_group": workspace.provider_group,
        "owner_contact": workspace.owner_contact,
        "support_days": list(workspace.support_days),
        "support_from": workspace.support_from,
        "support_until": workspace.support_until,
    }
