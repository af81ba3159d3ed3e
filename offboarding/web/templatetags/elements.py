"""Short ways to the parts that stand on almost every page: `{% icon %}`, `{% tag %}`, `{% field %}`."""

from __future__ import annotations

from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from offboarding.web.browsers import in_words
from offboarding.web.cards import ErrorSummaryCard, FieldCard, TagCard

register = template.Library()


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """One mark of the sprite, hidden from screen readers: a word always stands beside it."""
    return format_html(
        '<svg class="i{}" width="20" height="20" aria-hidden="true" focusable="false">'
        '<use href="{}#{}"></use></svg>',
        f" {css}" if css else "",
        static("icons/sprite.svg"),
        name,
    )


@register.filter
def one_a_line(held: str) -> SafeString:
    """ "Source Admin; Member": what a person holds, one role a line. The words stay as they are."""
    first, *others = held.split("; ")
    return format_html("{}{}", first, format_html_join("", ";<br>{}", ((each,) for each in others)))


@register.filter
def browser(agent: str) -> str:
    """The text that a browser sends of itself, in words."""
    return in_words(agent)


@register.inclusion_tag("elements/tag.html")
def tag(state: str, text: str = "", id: str = "") -> dict[str, Any]:
    """`{% tag "verified" %}`: the same as including `elements/tag.html` with a card."""
    return {"tag": TagCard(state, text, id)}


@register.inclusion_tag("elements/field.html")
def field(bound: BoundField, **changes: Any) -> dict[str, Any]:
    """`{% field form.email hint="…" %}`: a Django form field with label, hint, error and what was typed."""
    return {"field": FieldCard.of(bound, **changes)}


@register.inclusion_tag("elements/error_summary.html")
def error_summary(form: forms.BaseForm) -> dict[str, Any]:
    """`{% error_summary form %}`: nothing where the form has no mistakes."""
    return {"summary": ErrorSummaryCard.of(form) if form.is_bound else ErrorSummaryCard()}


@register.inclusion_tag("elements/fields.html")
def fields(form: forms.BaseForm) -> dict[str, Any]:
    """All fields of a form in their order, hidden ones last."""
    return {"cards": [FieldCard.of(bound) for bound in form], "form": form}
