from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.directory.models import Client

DIGEST = re.compile(r"[0-9a-f]{64}")


class FindForm(forms.Form):
    """What to look for in the list. A client is offered where there are several."""

    q = forms.CharField(label=lazy("Find"), required=False, max_length=100)
    client = forms.ModelChoiceField(
        Client.objects.none(), label=lazy("Client"), required=False, empty_label=lazy("All clients")
    )

    def __init__(self, data: Any, clients: Any) -> None:
        super().__init__(data)
        field = self.fields["client"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = clients


class CheckForm(forms.Form):
    """A file, or the SHA-256 of one, to compare with what was sealed."""

    file = forms.FileField(label=lazy("File"), required=False, allow_empty_file=True)
    digest = forms.CharField(label=lazy("Or its SHA-256"), required=False, max_length=400, strip=True)

    def clean_digest(self) -> str:
        """Takes a line of `sha256sum` too, whose first word is the digest."""
        words = str(self.cleaned_data["digest"]).lower().removeprefix("sha256:").split()
        if not words:
            return ""
        if not DIGEST.fullmatch(words[0]):
            raise forms.ValidationError(_("A SHA-256 has 64 signs, each 0 to 9 or a to f. Copy all of it."))
        return words[0]

    def asked(self) -> tuple[str, str]:
        """The digest to look for, and the name of the file that has it; empty where a digest was pasted."""
        file = self.cleaned_data["file"]
        return (file.sha256, file.name) if file else (self.cleaned_data["digest"], "")

    def clean(self) -> dict[str, Any]:
        given = dict(super().clean() or {})
        if not self.errors and not given.get("file") and not given.get("digest"):
            self.add_error("file", _("Choose a file, or paste the SHA-256 of one."))
        return given
