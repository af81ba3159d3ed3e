"""Words that whoever guesses begins with: the product, Segment, roles, and the names around a person."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client as Browser

from offboarding.directory.passwords import HOUSE, enough
from offboarding.users.models import SignInProvider
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
    assert answer.status_code == 200 and SAYS in answer.content.decode()
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_the_words_are_written_down() -> None:
    page = (ROOT / "docs" / "sign-in.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"^No password is made of these words.*?:\n\n((?:    .*\n)+)", page, re.M)
    assert set(told.split()) == HOUSE
