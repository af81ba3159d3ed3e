from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as lazy

from offboarding.connections.rules import LONGEST, mistyped


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
