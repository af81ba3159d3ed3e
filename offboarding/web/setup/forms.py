from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as lazy

from offboarding.connections import upkeep
from offboarding.connections.models import Workspace
from offboarding.connections.rules import ADDRESSES, LONGEST, mistyped
from offboarding.directory.models import Client
from offboarding.users.models import User
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
    owners = forms.MultipleChoiceField(
        label=lazy("Who looks after it here"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": lazy("Choose operators or administrators of this client.")},
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

    def __init__(self, *args: Any, keepers: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keepers = {str(each.pk): each for each in keepers}
        field = self.fields["owners"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(key, each.name) for key, each in self.keepers.items()]

    def clean_support_days(self) -> str:
        return "".join(sorted(self.cleaned_data["support_days"]))

    @property
    def said(self) -> upkeep.Said:
        return upkeep.Said(**{name: given for name, given in self.cleaned_data.items() if name != "owners"})

    @property
    def named(self) -> list[User]:
        return [self.keepers[key] for key in self.cleaned_data["owners"]]


REGIONS = (
    (Workspace.Region.US.value, lazy("US")),
    (Workspace.Region.EU.value, lazy("EU")),
)


class ConnectForm(forms.Form):
    """A workspace that is to be connected: by a token, pasted now, or by asking somebody who can make one."""

    client = forms.ChoiceField(
        label=lazy("Client"),
        error_messages={"required": lazy("Choose the client."), "invalid_choice": lazy("Choose the client.")},
    )
    name = forms.CharField(
        label=lazy("Name"),
        max_length=120,
        error_messages={**LONG, "required": lazy("Enter the name that people here know it by.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    region = forms.ChoiceField(label=lazy("Region"), choices=REGIONS)
    environment = forms.ChoiceField(label=lazy("Environment"), choices=ENVIRONMENTS)
    managed_by = forms.ChoiceField(label=lazy("How its members are managed"), choices=MANAGED, required=False)
    provider_group = forms.CharField(
        label=lazy("Group at the identity provider"), required=False, max_length=120, error_messages=LONG
    )
    # Only where simulated workspaces are allowed.
    base_url = forms.CharField(label=lazy("Address of a simulated Segment"), required=False, max_length=200)
    token = forms.CharField(
        label=lazy("Token"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}, render_value=False),
    )
    owner = forms.ChoiceField(label=lazy("Who makes the token"), required=False)

    def __init__(self, *args: Any, clients: Sequence[Client], owners: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clients = {str(each.pk): each for each in clients}
        self.owners = {str(each.pk): each for each in owners}
        self.choose("client", lazy("– choose –"), self.clients)
        self.choose("owner", lazy("– choose –"), self.owners)

    def choose(self, name: str, empty: Any, rows: Mapping[str, Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", empty), *((key, each.name) for key, each in rows.items())]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if "ask" in self.data:
            if not given.get("owner"):
                self.add_error("owner", lazy("Choose who is asked."))
        elif wrong := mistyped(str(given.get("token", "")).strip()[: LONGEST + 1]):
            self.add_error("token", wrong)
        return given

    def workspace(self) -> Workspace:
        """The connection as it would be, not saved."""
        given = self.cleaned_data
        address = given["base_url"].strip() if settings.SIMULATORS else ""
        return Workspace(
            client=self.clients[given["client"]],
            name=given["name"],
            slug=slugify(given["name"]) or "workspace",
            environment=given["environment"],
            region=given["region"],
            managed_by=given["managed_by"] or Workspace.ManagedBy.UNKNOWN,
            provider_group=given["provider_group"],
            base_url=address or ADDRESSES[given["region"]],
        )


def workspace_now(workspace: Workspace) -> dict[str, Any]:
    return {
        "name": workspace.name,
        "environment": workspace.environment,
        "managed_by": workspace.managed_by,
        "provider_group": workspace.provider_group,
        "owners": [
            str(pk) for pk in workspace.owners.order_by("user__name", "user").values_list("user", flat=True)
        ],
        "owner_contact": workspace.owner_contact,
        "support_days": list(workspace.support_days),
        "support_from": workspace.support_from,
        "support_until": workspace.support_until,
    }
