"""What every form over a thing with versions shares: whose change came between, and what it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from offboarding.lib.refusals import Refused
from offboarding.web.cards import DiffCard, DiffRow


def refused(form: forms.Form, refusal: Refused) -> None:
    """The sentence stands beside its field, or above the form."""
    field = str(refusal.facts.get("field", ""))
    form.add_error(field if field in form.fields else None, refusal.sentence)


def difference(form: forms.Form, now: Mapping[str, Any]) -> DiffCard:
    """What stands there now, beside what was typed: only where they differ."""
    rows = []
    for bound in form:
        typed, stands = bound.data, now.get(bound.name)
        if bound.field.widget.is_hidden or same(typed, stands):
            continue
        rows.append(DiffRow("changed", bound.label, shown(bound.field, stands), shown(bound.field, typed)))
    return DiffCard(_("Stands there now"), _("You typed"), tuple(rows))


def same(typed: Any, stands: Any) -> bool:
    return plain(typed) == plain(stands)


def plain(value: Any) -> str | tuple[str, ...]:
    """As a form sends it: text, or several of them."""
    if isinstance(value, (list, tuple)):
        return tuple(str(each) for each in value)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return "" if value is None else str(value).strip()


def shown(field: forms.Field, value: Any) -> str:
    """A choice by its words, everything else as it is."""
    named = {str(key): str(words) for key, words in getattr(field, "choices", ())}
    given = plain(value)
    each = given if isinstance(given, tuple) else (given,)
    return ", ".join(named.get(one, one) for one in each)
