from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm, SetPasswordForm
from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.users.actions import time_zones
from offboarding.users.models import User


def zone_choices(empty: str = "") -> list[tuple[str, str]]:
    """Zones by name; `empty`, if given, is the words for "none chosen"."""
    named = [(name, name.replace("_", " ")) for name in time_zones()]
    return [("", empty), *named] if empty else named


class Changed(ChangePasswordForm):  # type: ignore[misc]
    """django-allauth's form, in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        in_our_words(self)


class Chosen(SetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        in_our_words(self)


PASSWORDS = {
    "oldpassword": lazy("Your password now"),
    "password1": lazy("New password"),
    "password2": lazy("New password once more"),
}


def in_our_words(form: forms.Form) -> None:
    for name, field in form.fields.items():
        field.label = PASSWORDS[name]
        field.widget.attrs.pop("placeholder", None)


class ZoneForm(forms.Form):
    time_zone = forms.ChoiceField(label=lazy("Time zone"), choices=zone_choices)


class SettingsForm(forms.Form):
    time_zone = forms.ChoiceField(label=lazy("Time zone"), required=False)
    theme = forms.ChoiceField(label=lazy("Look"), widget=forms.RadioSelect)
    shortcuts = forms.BooleanField(label=lazy("Use keyboard shortcuts"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usual = _("The installation's: %(zone)s") % {"zone": settings.TIME_ZONE}
        self.choice("time_zone").choices = zone_choices(usual)
        self.choice("theme").choices = [
            (User.Theme.SYSTEM.value, _("As the system")),
            (User.Theme.LIGHT.value, _("Light")),
            (User.Theme.DARK.value, _("Dark")),
        ]

    def choice(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field
