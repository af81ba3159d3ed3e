"""What an administrator types about a provider of sign-in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.users.models import SignInProvider
from offboarding.web.signin import saml

LOOPBACK = ("localhost", "127.0.0.1", "::1")
PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class AddForm(forms.Form):
    name = forms.CharField(
        label=lazy("Name"),
        max_length=60,
        help_text=lazy("It stands on the button: “Continue with Okta”."),
        error_messages={"required": lazy("Write its name as it shall stand on the button, such as Okta.")},
    )
    kind = forms.ChoiceField(
        label=lazy("How it speaks"),
        choices=SignInProvider.Kind.choices,
        initial=SignInProvider.Kind.OIDC,
        widget=forms.RadioSelect,
        help_text=lazy("OpenID Connect, where you can choose."),
    )


class DomainsForm(forms.Form):
    """Common to both kinds. `values` are fields of the provider."""

    domains = forms.CharField(
        label=lazy("Domains"),
        help_text=lazy(
            "One a line, such as northwind.example. At a person's first sign-in the provider may speak for these addresses."
        ),
        widget=forms.Textarea(attrs={"rows": 3, **PLAIN}),
        error_messages={"required": lazy("Write the domains whose addresses it may speak for.")},
    )

    def clean_domains(self) -> list[str]:
        lines = str(self.cleaned_data["domains"]).replace(",", "\n").split()
        return list(dict.fromkeys(line.strip().casefold().lstrip("@") for line in lines))

    def values(self) -> dict[str, Any]:
        return {"domains": self.cleaned_data["domains"]}


class OpenIdForm(DomainsForm):
    issuer = forms.URLField(
        label=lazy("Issuer"),
        assume_scheme="https",
        max_length=300,
        help_text=lazy("The address under which it publishes /.well-known/openid-configuration."),
        widget=forms.URLInput(attrs=PLAIN),
        error_messages={"required": lazy("Write its issuer, such as https://northwind.okta.com.")},
    )
    client_id = forms.CharField(
        label=lazy("Client ID"),
        max_length=200,
        widget=forms.TextInput(attrs=PLAIN),
        error_messages={"required": lazy("Write the client ID that it gave you.")},
    )
    secret = forms.CharField(
        label=lazy("Client secret"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs=PLAIN, render_value=False),
    )
    silent = forms.BooleanField(
        label=lazy("It does not say which addresses are verified; believe it for its domains"),
        required=False,
        help_text=lazy(
            "Needed for Entra ID. Only where nobody but its administrators sets people's addresses."
        ),
    )
    field_order = ("issuer", "client_id", "secret", "domains", "silent")

    def clean_issuer(self) -> str:
        issuer = str(self.cleaned_data["issuer"]).split("/.well-known/")[0].rstrip("/")
        parts = urlsplit(issuer)
        at_home = parts.hostname in LOOPBACK and settings.SIMULATORS
        if parts.scheme != "https" and not at_home:
            raise forms.ValidationError(_("Write an address that begins with https://."))
        return issuer

    def values(self) -> dict[str, Any]:
        names = ("issuer", "client_id", "silent")
        return {**super().values(), **{name: self.cleaned_data[name] for name in names}}


class SamlForm(DomainsForm):
    metadata = forms.CharField(
        label=lazy("Its metadata"),
        required=False,
        max_length=200_000,
        help_text=lazy(
            "The XML that it shows or lets you download. Paste it again when its certificate changes."
        ),
        widget=forms.Textarea(attrs={"rows": 8, **PLAIN}),
    )
    field_order = ("metadata", "domains")

    def values(self) -> dict[str, Any]:
        typed = str(self.cleaned_data["metadata"]).strip()
        return {**super().values(), **(saml.described(typed) if typed else {})}


def form_for(row: SignInProvider, post: Any = None) -> OpenIdForm | SamlForm:
    kind = SamlForm if row.kind == row.Kind.SAML else OpenIdForm
    if post is not None:
        return kind(post)
    names = ("issuer", "client_id", "silent")
    return kind(initial={"domains": "\n".join(row.domains), **{name: getattr(row, name) for name in names}})
