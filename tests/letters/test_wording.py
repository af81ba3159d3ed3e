"""Words with places: a closed list, nothing run, nothing hidden, nothing put in twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from offboarding.letters.queries import shipped
from offboarding.letters.rules import Kind
from offboarding.letters.wording import OWN, REQUIRED, SAMPLE, Wording, check, written
from offboarding.lib.refusals import Refused

AT = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
EVERY = "\n\n".join(f"{{{name}}}" for name in REQUIRED)
CANARY = "sgp_" + "Canary9" * 9


@pytest.mark.parametrize("kind", Kind)
def test_the_words_that_ship_can_stand(kind: Kind) -> None:
    check(shipped(kind))


@pytest.mark.parametrize(
    ("subject", "body", "code", "says"),
    [
        ("s", f"{EVERY}\n\n{{salary}}", "unknown-place", "There is no place {salary}. There are: person"),
        ("s {removed}", EVERY, "unknown-place", "There is no place {removed}"),
        (
            "s",
            EVERY.replace("{removed}", "so: {removed}"),
            "not-alone",
            "Put {removed} on a line of its own.",
        ),
        ("s", f"{EVERY}\n\n{{person: x}}", "no-heading", "takes no words behind a colon"),
        ("s", f"{EVERY}\n\nif (x) {{", "lone-brace", "stands alone"),
        ("s", EVERY.replace("{unverified}", ""), "place-missing", "{unverified}"),
        ("s", EVERY.replace("{own_account}", ""), "place-missing", "{own_account}"),
        ("s", f"{EVERY}\n\n{{removed}}", "place-twice", "{removed} stands there twice"),
        ("s\r\nBcc: x@evil.example", EVERY, "bad-subject", "in one line"),
        ("", EVERY, "bad-subject", "Write a subject"),
        ("s", f"{EVERY}\n\n{CANARY}", "secret", "looks like a secret"),
    ],
)
def test_words_that_cannot_stand_are_named(subject: str, body: str, code: str, says: str) -> None:
    with pytest.raises(Refused) as refusal:
        check(Wording(subject, body))
    assert refusal.value.code == code and says in refusal.value.sentence
    assert CANARY not in refusal.value.sentence


def test_nothing_in_the_words_is_run() -> None:
    with pytest.raises(Refused, match="no place"):
        check(Wording("s", f"{EVERY}\n\n{{% load i18n %}} {{{{ person }}}}"))
    shown = written(Wording("s", f"{EVERY}\n\n%(person)s <b>{{person}}</b>"), SAMPLE, AT)
    assert "%(person)s <b>Sam Ode</b>" in shown.text


def test_a_fact_is_put_in_once_and_never_read_again() -> None:
    facts = SAMPLE | {"person": "{lead} {removed} {nothing}"}
    shown = written(Wording("About {person}", f"{{person}}\n\n{EVERY}"), facts, AT)
    assert shown.subject == "About {lead} {removed} {nothing}"
    assert shown.blocks[0].text == "{lead} {removed} {nothing}"


def test_a_name_cannot_add_a_header_or_turn_text_around() -> None:
    facts = SAMPLE | {"person": "Dan\r\nBcc: x@evil.example\u202e"}
    shown = written(Wording("About {person}", EVERY), facts, AT)
    assert shown.subject == "About Dan Bcc: x@evil.example[U+202E]"


def test_what_was_verified_stands_apart_from_what_was_not() -> None:
    text = written(shipped(Kind.CLIENT), SAMPLE, AT, "We are sorry to see Sam go.").text
    gone, open_ = text.index("Removed, and seen to be gone:"), text.index("Not verified:")
    assert gone < text.index("Acme Production, production, 31 Mar 2026 12:04 CEST (10:04 UTC)") < open_
    assert open_ < text.index("Acme Staging") and "Kept on purpose:" in text and "Done by hand:" in text
    assert "Skipped:" not in text  # nothing was
    assert OWN in text and "We are sorry to see Sam go." in text


def test_another_language_has_its_own_headings_and_no_english_months() -> None:
    body = EVERY.replace("{removed}", "{removed: Entzogen}").replace(
        "{own_account}", "{own_account: Das Konto bleibt.}"
    )
    shown = written(Wording("Zugang von {person}, {date}", body, "de"), SAMPLE, AT)
    assert shown.subject == "Zugang von Sam Ode, 2026-04-01"  # where the request is, it is the next day
    assert "Entzogen:\n  - Acme Production, production, 2026-03-31 12:04 CEST (10:04 UTC)" in shown.text
    assert "Das Konto bleibt." in shown.text and OWN not in shown.text


@pytest.mark.parametrize("language", ["", "german", "de_DE", "{x}"])
def test_a_language_is_a_tag(language: str) -> None:
    with pytest.raises(Refused, match="language"):
        check(replace(shipped(Kind.CLIENT), language=language))
