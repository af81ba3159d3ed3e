"""Form fields: label, hint, error and control, made from Django forms or by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from django import forms

if TYPE_CHECKING:
    from django.forms.boundfield import BoundField
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class OptionCard:
    value: str
    label: StrOrPromise
    selected: bool = False
    hint: StrOrPromise = ""
    disabled: bool = False


def options(rows: Iterable[tuple[str, str]], picked: str) -> tuple[OptionCard, ...]:
    """From (value, label) pairs, one of them chosen."""
    return tuple(OptionCard(value, label, value == picked) for value, label in rows)


_KINDS: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, "checkboxes"),
    (forms.RadioSelect, "radios"),
    (forms.SelectMultiple, "multiselect"),
    (forms.Select, "select"),
    (forms.CheckboxInput, "checkbox"),
    (forms.Textarea, "textarea"),
)
_KEPT_ATTRS = (
    "autocomplete",
    "inputmode",
    "maxlength",
    "min",
    "max",
    "step",
    "spellcheck",
    "accept",
    "pattern",
)


@dataclass(frozen=True, slots=True)
class FieldCard:
    """Label, hint, error and control, tied together; what was typed stays.

    `kind` is an input type, or select, multiselect, radios, checkboxes, checkbox, textarea. `width` sizes the
    control to its answer: short, mid or full.
    """

    name: str
    label: StrOrPromise
    kind: str = "text"
    value: str = ""
    hint: StrOrPromise = ""
    error: StrOrPromise = ""
    required: bool = True
    options: tuple[OptionCard, ...] = ()
    width: Literal["short", "mid", "full"] = "full"
    id: str = ""
    rows: int = 4
    checked: bool = False
    disabled: bool = False
    mono: bool = False
    attrs: tuple[tuple[str, str], ...] = ()

    @property
    def control_id(self) -> str:
        return self.id or f"id_{self.name}"

    @property
    def described_by(self) -> str:
        parts = [f"{self.control_id}-hint"] if self.hint else []
        return " ".join(parts + ([f"{self.control_id}-error"] if self.error else []))

    @property
    def grouped(self) -> bool:
        """True for a set of radios or tick boxes, which is a `fieldset` with a `legend`."""
        return self.kind in ("radios", "checkboxes")

    @classmethod
    def of(cls, bound: BoundField, **changes: Any) -> FieldCard:
        """The card of one field of a Django form. `changes` are fields of this card: hint, width, label."""
        kind = _kind(bound.field.widget)
        value = "" if kind in ("password", "file") else _typed(bound)
        card = cls(
            name=bound.html_name,
            label=bound.label,
            kind=kind,
            value=value,
            hint=bound.help_text,
            error=" ".join(str(error) for error in bound.errors),
            required=bound.field.required,
            options=_options(bound),
            id=bound.auto_id if isinstance(bound.auto_id, str) else "",
            checked=kind == "checkbox" and bool(bound.value()),
            disabled=bound.field.disabled,
            attrs=tuple((k, str(v)) for k, v in _attrs(bound).items() if k in _KEPT_ATTRS),
        )
        return replace(card, **changes) if changes else card


def _kind(widget: forms.Widget) -> str:
    known = (name for kind, name in _KINDS if isinstance(widget, kind))
    return next(known, "") or str(getattr(widget, "input_type", "") or "text")


def _typed(bound: BoundField) -> str:
    value = bound.field.widget.format_value(bound.value())
    return "" if value is None or isinstance(value, (list, tuple)) else str(value)


def _attrs(bound: BoundField) -> dict[str, Any]:
    return {**bound.field.widget.attrs, **bound.field.widget_attrs(bound.field.widget)}


def _options(bound: BoundField) -> tuple[OptionCard, ...]:
    if not isinstance(bound.field.widget, forms.widgets.ChoiceWidget):
        return ()
    rows = (option.data for option in bound.subwidgets)
    return tuple(
        OptionCard(
            str(row["value"]), row["label"], bool(row["selected"]), disabled="disabled" in row["attrs"]
        )
        for row in rows
    )


class ErrorLine(NamedTuple):
    text: StrOrPromise
    field_id: str = ""


@dataclass(frozen=True, slots=True)
class ErrorSummaryCard:
    errors: tuple[ErrorLine, ...] = ()

    @classmethod
    def of(cls, form: forms.BaseForm) -> ErrorSummaryCard:
        """Every mistake of a form, in the order of its fields, each with the control to go to."""
        lines = [ErrorLine(str(error)) for error in form.non_field_errors()]
        for bound in form:
            lines += [ErrorLine(str(error), _first_control(bound)) for error in bound.errors]
        return cls(tuple(lines))


def _first_control(bound: BoundField) -> str:
    """Radios and tick boxes have one id each, counted from 0."""
    several = isinstance(bound.field.widget, (forms.RadioSelect, forms.CheckboxSelectMultiple))
    return f"{bound.auto_id}_0" if several else str(bound.auto_id)
