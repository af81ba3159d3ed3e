"""Words that whoever guesses begins with: the product, Segment, roles, and the names around a person."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client as Browser

from offboarding.directory.passwords import HOUSE, enough
from offboarding.users.models import SignInProvider
from offboarding.users.passwords import NothingCommonInAnotherDress
from tests.conftest import PASSWORD
from tests.house.source import ROOT
from tests.security.test_sign_in_rules import change

SAYS = "words that are easily guessed here"


@pytest.mark.parametrize(
    ("password", "because"),
    [
        ("Offboarding2026!", "the product and a year"),
        ("0ffb04rd1ng-2026", "signs instead of letters"),
        ("twilio.SEGMENT.1", "two of them"),
        ("segmentsegment", "one of them twice"),
        ("Administrator!9", "a role"),
        ("my-segment-key-1", "too few letters beside it"),
    ],
)
def test_a_password_of_easy_words_is_refused(password: str, because: str) -> None:
    assert not enough(password, HOUSE)


@pytest.mark.parametrize(
    "password", ["correct horse segment battery", "9#q2!73-_55)0417", PASSWORD, "密码 🔑 İß長い"]
)
def test_other_words_are_enough(password: str) -> None:
    assert enough(password, HOUSE)


def refused(password: str, user: Any) -> bool:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return any(SAYS in text for text in error.messages)
    return False


def test_names_of_ones_own_clients_are_such_words_and_those_of_others_are_not_told(
    alice: Any, carol: Any, ada: Any
) -> None:
    """Alice belongs to Acme and Globex, Carol to Hooli; Ada to all. A refusal must not say who else is a client."""
    assert refused("globex-globex-1", alice) and not refused("hooli-hooli-123", alice)
    assert refused("hooli-hooli-123", carol) and not refused("globex-globex-1", carol)
    assert refused("globex-globex-1", ada) and refused("hooli-hooli-123", ada)


def test_the_address_and_the_providers_are_such_words(alice: Any, settings: Any) -> None:
    settings.BASE_URL = "https://leavers.northwind-consulting.example"
    SignInProvider.objects.create(slug="okta", name="Firm Login", kind="oidc")
    for password in ("leavers-2026-11", "northwind-2026", "firmlogin2026!"):
        assert refused(password, alice), password


def test_the_page_says_so_and_the_old_password_stays(client: Browser, alice: Any) -> None:
    client.post("/signin/", {"login": alice.email, "password": PASSWORD})
    answer = change(client, "Offboarding2026!")
    assert answer.status_code == 422 and SAYS in answer.content.decode()
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_the_words_are_written_down() -> None:
    page = (ROOT / "docs" / "sign-in.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"^No password is made of these words.*?:\n\n((?:    .*\n)+)", page, re.M)
    assert set(told.split()) == HOUSE


# ---------------------------------------------------------------- common passwords in another dress


def too_common(password: str, validator: Any = None) -> bool:
    try:
        (validator or NothingCommonInAnotherDress()).validate(password)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize(
    "password",
    [
        "Sunshine2026!",
        "!!!sunshine!!!",
        "5un5h1ne-2026",
        "sunshinesunshine",
        "121212121212",
        "abcabcabcabc",
        "aaaaaaaaaaaaa",
    ],
)
def test_a_common_password_in_another_dress_is_refused(password: str) -> None:
    assert len(password) >= 12 and too_common(password)


@pytest.mark.parametrize(
    "password",
    [PASSWORD, "7h#Kq2!vLw9$", "77aa3910572095", "sunshine over the hill", "  Ein langes, bequemes Wort  "],
)
def test_several_words_and_chance_are_no_dress(password: str) -> None:
    assert not too_common(password)


def test_a_password_without_end_is_judged_at_once() -> None:
    began = time.process_time()
    for password in ("a" * 200_000 + "b", "1" * 200_000 + "a", "ab1!" * 50_000 + "c", "segment" * 30_000):
        too_common(password)
        enough(password, HOUSE)
    assert time.process_time() - began < 3


def test_thousands_of_common_passwords_of_our_length_are_refused() -> None:
    """Each of the list that is of letters, made long enough in the way of those who only want to get past a rule."""
    validator = NothingCommonInAnotherDress()
    letters = [each for each in validator.passwords if each.isalpha() and each.isascii() and len(each) > 4]
    assert len(letters) > 8_000
    passed = [each for each in letters if not too_common(f"{each.capitalize()}2026!!!!", validator)]
    assert not passed, passed[:10]
