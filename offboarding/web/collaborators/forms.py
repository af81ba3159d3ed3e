"""What is typed about a collaborator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as lazy

from offboarding.directory import collaborators
from offboarding.directory.models import Address, Client, Collaborator, Engagement
from offboarding.web.filing.forms import LONG, NO_SPELLING, WhoForm

KINDS = (
    (Collaborator.Kind.PERSON.value, lazy("Person")),
    (Collaborator.Kind.SERVICE.value, lazy("Service account")),
)
ADDRESS_KINDS = (
    (Address.Kind.WORK.value, lazy("Work")),
    (Address.Kind.PERSONAL.value, lazy("Personal")),
    (Address.Kind.ALIAS.value, lazy("Alias")),
    (Address.Kind.EARLIER.value, lazy("Earlier employer")),
)


class NameForm(forms.Form):
    name = forms.CharField(
        label=lazy("Name"),
        max_length=120,
        error_messages={**LONG, "required": lazy("Enter the name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        label=lazy("Kind"),
        choices=KINDS,
        widget=forms.RadioSelect,
        initial=Collaborator.Kind.PERSON.value,
        error_messages={"required": lazy("Choose whether it is a person or a service account.")},
    )

    @property
    def said(self) -> collaborators.Said:
        return collaborators.Said(self.cleaned_data["name"], self.cleaned_data["kind"])


def person_now(person: Collaborator) -> dict[str, Any]:
    return {"name": person.name, "kind": person.kind}


class AddForm(NameForm):
    """A new collaborator: which client knows them, by which addresses, on which engagement."""

    field_order = ("client", "name", "kind", "email", "others", "engagement")
    client = forms.ChoiceField(
        label=lazy("Client"),
        error_messages={"required": lazy("Choose the client."), "invalid_choice": lazy("Choose the client.")},
    )
    email = forms.CharField(
        label=lazy("E-mail address"),
        widget=forms.EmailInput(attrs=NO_SPELLING),
        error_messages={"required": lazy("Enter an e-mail address like name@company.com.")},
    )
    others = forms.CharField(
        label=lazy("Other addresses they may use"), required=False, widget=forms.Textarea(attrs=NO_SPELLING)
    )
    engagement = forms.ChoiceField(
        label=lazy("Engagement"),
        required=False,
        error_messages={"required": lazy("Choose the engagement: you work within it alone.")},
    )

    def __init__(
        self,
        *args: Any,
        clients: Sequence[Client],
        engagements: Sequence[Engagement],
        within: frozenset[int] = frozenset(),
        **kwargs: Any,
    ) -> None:
        """`within`: the clients of which only engagements are the user's, so that one has to be chosen."""
        super().__init__(*args, **kwargs)
        self.within = within
        self.fields["engagement"].required = bool(within) and within >= {each.pk for each in clients}
        self.clients = {str(each.pk): each for each in clients}
        self.engagements = {str(each.pk): each for each in engagements}
        self.choose("client", lazy("– choose –"), [(key, each.name) for key, each in self.clients.items()])
        named = [(key, f"{each.client.name}: {each.name}") for key, each in self.engagements.items()]
        self.choose("engagement", lazy("None"), named)

    def choose(self, name: str, empty: Any, rows: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", empty), *rows]

    clean_others = WhoForm.clean_others

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        engagement = self.engagements.get(given.get("engagement", ""))
        if engagement and str(engagement.client_id) != given.get("client", str(engagement.client_id)):
            self.add_error("engagement", lazy("This engagement belongs to another client."))
        if (
            not engagement
            and (client := self.clients.get(given.get("client", "")))
            and client.pk in self.within
        ):
            self.add_error("engagement", lazy("Choose the engagement: you work within it alone."))
        return given

    @property
    def emails(self) -> list[str]:
        return [self.cleaned_data["email"], *self.cleaned_data["others"].split("\n")]


class AddressForm(forms.Form):
    email = forms.CharField(
        label=lazy("E-mail address"),
        widget=forms.EmailInput(attrs=NO_SPELLING),
        error_messages={"required": lazy("Enter an e-mail address like name@company.com.")},
    )
    kind = forms.ChoiceField(label=lazy("What it is"), choices=ADDRESS_KINDS)
