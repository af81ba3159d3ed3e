"""The short tags, and what the cards work out for themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, Template

from offboarding.web import cards as c

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 31, 11, 41, tzinfo=UTC)


@pytest.fixture(autouse=True)
def plain_static_names(settings: Any) -> None:
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": storage}


def show(text: str, **context: Any) -> str:
    return Template("{% load elements %}" + text).render(Context(context))


def test_an_icon_is_hidden_from_screen_readers() -> None:
    html = show('{% icon "hand" %}')
    assert 'aria-hidden="true"' in html
    assert 'icons/sprite.svg#hand"' in html


def test_a_tag_is_shape_and_word() -> None:
    html = show('{% tag "waiting" "Waiting for the SCIM sync" %}')
    assert "#hourglass" in html
    assert "Waiting for the SCIM sync" in html


def test_an_unknown_state_is_refused_at_once() -> None:
    with pytest.raises(KeyError):
        c.TagCard("finished")


def test_no_two_states_of_a_step_share_shape_and_word() -> None:
    looks = [(look.icon, str(look.word)) for look in c.STATES.values()]
    assert len(set(looks)) == len(looks) == 12


# ---- forms ----


class Wish(forms.Form):
    address = forms.EmailField(label="E-mail address", help_text="The address they use in Segment.")
    secret = forms.CharField(widget=forms.PasswordInput)
    reason = forms.ChoiceField(choices=[("ended", "Engagement ended"), ("scope", "Scope reduced")])
    what = forms.ChoiceField(choices=[("go", "Remove"), ("keep", "Keep")], widget=forms.RadioSelect)
    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(widget=forms.Textarea, required=False)
    sure = forms.BooleanField(label="I did this")


TYPED = {
    "address": 'sam"<b>@x',
    "secret": "hunter2",
    "reason": "scope",
    "day": "31 March",
    "note": "  two\nlines",
    "sure": "on",
}


def typed(name: str, **changes: Any) -> c.FieldCard:
    return c.FieldCard.of(Wish(TYPED)[name], **changes)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("address", "email"),
        ("secret", "password"),
        ("reason", "select"),
        ("what", "radios"),
        ("day", "date"),
        ("note", "textarea"),
        ("sure", "checkbox"),
    ],
)
def test_a_card_knows_its_control(name: str, kind: str) -> None:
    assert typed(name).kind == kind


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("address", 'sam"<b>@x', "what was typed stays, wrong or not"),
        ("day", "31 March", "even a date that cannot be read"),
        ("note", "  two\nlines", "with its spaces and lines"),
        ("secret", "", "a password is never sent back"),
    ],
)
def test_typed_values_stay(name: str, value: str, why: str) -> None:
    assert typed(name).value == value, why


def test_the_chosen_option_stays_chosen() -> None:
    assert [option.value for option in typed("reason").options if option.selected] == ["scope"]
    assert typed("sure").checked


def test_label_hint_and_error_are_tied_to_the_control() -> None:
    html = show("{% field form.address %}", form=Wish(TYPED))
    assert 'for="id_address"' in html
    assert 'aria-describedby="id_address-hint id_address-error"' in html
    assert 'id="id_address-error"' in html
    assert 'aria-invalid="true"' in html


def test_what_was_typed_cannot_break_out_of_the_page() -> None:
    html = show("{% field form.address %}", form=Wish(TYPED))
    assert "<b>" not in html
    assert 'value="sam&quot;&lt;b&gt;@x"' in html


def test_a_set_of_radios_is_a_fieldset_with_a_legend() -> None:
    html = show("{% field form.what %}", form=Wish())
    assert "<fieldset" in html
    assert "<legend>" in html
    assert "checked" not in html


def test_the_summary_leads_to_the_first_control_of_each_mistake() -> None:
    lines = c.ErrorSummaryCard.of(Wish(TYPED)).errors
    assert [line.field_id for line in lines] == ["id_address", "id_what_0", "id_day"]


def test_a_form_not_sent_has_no_summary() -> None:
    assert show("{% error_summary form %}", form=Wish()).strip() == ""


# ---- time ----


@pytest.mark.parametrize(
    ("minutes", "text", "after"),
    [
        (199, "today 17:00 CEST", "in 3 h 19 min"),
        (-97, "today 12:04 CEST", "1 h 37 min ago"),
        (24 * 60, "tomorrow 13:41 CEST", "in 1 d"),
        (-24 * 60, "yesterday 13:41 CEST", "1 d ago"),
        (-3 * 24 * 60, "28 Mar 12:41 CET", "3 d ago"),
        (400 * 24 * 60, "5 May 2027 13:41 CEST", "in 400 d"),
        (0, "today 13:41 CEST", "now"),
        (0.5, "today 13:41 CEST", "in 30 s"),
    ],
)
def test_time_is_absolute_first_and_names_its_zone(minutes: float, text: str, after: str) -> None:
    card = c.TimeCard.of(NOW + timedelta(minutes=minutes), BERLIN, NOW)
    assert (card.absolute, card.relative) == (text, after)


def test_a_zone_without_a_name_is_said_by_its_number() -> None:
    card = c.TimeCard.of(NOW, ZoneInfo("America/Sao_Paulo"), NOW)
    assert card.absolute == "today 08:41 UTC-03"


def test_evidence_times_show_utc_too() -> None:
    card = c.TimeCard.of(NOW, BERLIN, NOW, seconds=True, utc=True)
    assert card.utc == "2026-03-31 11:41:00 UTC"
    assert card.iso == "2026-03-31T11:41:00+00:00"


@pytest.mark.parametrize(
    ("left", "role", "why"),
    [
        (50, "neutral", "half is left"),
        (25, "neutral", "a quarter is left"),
        (24, "attention", "less than a quarter"),
        (-1, "bad", "late"),
    ],
)
def test_a_countdown_grows_louder(left: int, role: str, why: str) -> None:
    start = NOW - timedelta(minutes=100 - left)
    assert c.DueCard.of(NOW + timedelta(minutes=left), start, BERLIN, NOW).role == role, why


def test_late_is_said_in_words() -> None:
    due = c.DueCard.of(NOW - timedelta(hours=2), NOW - timedelta(hours=9), BERLIN, NOW)
    assert due.time.relative == "2 h late"


# ---- strip ----


@pytest.mark.parametrize(
    ("strip", "text"),
    [
        (c.StripCard(("gone", "gone", "waiting", "kept"), "unknown", "failed"),
         "2 gone, 1 waiting, 1 kept; tokens not checked, keys failed"),
        (c.StripCard(("access",)), "1 still has access"),
        (c.StripCard(("access", "access")), "2 still have access"),
        (c.StripCard((), "gone"), "tokens gone"),
        (c.StripCard(()), ""),
    ],
)  # fmt: skip
def test_a_strip_says_what_it_shows(strip: c.StripCard, text: str) -> None:
    assert strip.spoken == text


def test_a_long_strip_is_cut_and_says_by_how_much() -> None:
    strip = c.StripCard(("gone",) * 42, "gone", "gone")
    assert (len(strip.marks), strip.more) == (26, 18)


def test_the_worst_comes_first_so_that_a_cut_hides_no_trouble() -> None:
    assert c.worst_first(["gone", "kept", "failed", "access"]) == ("failed", "access", "kept", "gone")


def test_each_fact_value_is_shown_by_its_own_element() -> None:
    fact = c.FactCard("State", (c.TagCard("running"), "text", c.CodeCard("u_1")))
    assert [kind for kind, _ in fact.lines] == ["tag", "text", "code"]


def test_the_longest_bar_leaves_room_for_its_number() -> None:
    chart = c.ChartCard("t", "Times", "", (c.Bar("a", 10), c.Bar("b", 5), c.Bar("c", 0)))
    assert [bar.width for bar in chart.drawn] == ["58.0%", "29.0%", "0.0%"]
    assert c.ChartCard("t", "Times", "", ()).drawn == ()
