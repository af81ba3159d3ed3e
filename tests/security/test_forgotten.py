"""A password that was forgotten is set anew by mail; what else a person has stays asked for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client as Browser

from tests.conftest import PASSWORD
from tests.web.test_second_factor import SECRET, code

NEW = "another long phrase"


def is_in(browser: Browser) -> bool:
    return "_auth_user_id" in browser.session


def mailed(browser: Browser, address: str, mailoutbox: Any) -> str:
    """The link that comes by mail."""
    browser.post("/account/password/reset/", {"email": address})
    (link,) = re.findall(r"https?://[^/\s]+(/account/password/reset/key/\S+)", mailoutbox[-1].body)
    return str(link)


def resets(browser: Browser, link: str) -> None:
    form = browser.get(link, follow=True)
    answer = browser.post(form.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    assert answer.status_code == 302


@pytest.fixture
def has_reset(client: Browser, bob: Any, mailoutbox: Any) -> Browser:
    """Bob has an authenticator app and recovery codes; whoever reads his mail has set a new password."""
    TOTP.activate(bob, SECRET)
    RecoveryCodes.activate(bob)
    resets(client, mailed(client, bob.email, mailoutbox))
    bob.refresh_from_db()
    assert bob.check_password(NEW)
    return client


def test_a_reset_signs_nobody_in_and_takes_no_factor_away(has_reset: Browser, bob: Any) -> None:
    assert not is_in(has_reset)
    assert set(Authenticator.objects.filter(user=bob).values_list("type", flat=True)) == {
        "totp",
        "recovery_codes",
    }


def test_after_a_reset_the_new_password_alone_opens_nothing(has_reset: Browser, bob: Any) -> None:
    answer = has_reset.post("/signin/", {"login": bob.email, "password": NEW})
    assert answer["Location"].startswith("/signin/code/") and not is_in(has_reset)
    for path in ("/", "/requests/", "/me/", "/account/2fa/", "/account/2fa/recovery-codes/"):
        assert has_reset.get(path)["Location"].startswith("/signin/"), path
    has_reset.post("/signin/code/", {"code": "000000" if code() != "000000" else "000001"})
    assert not is_in(has_reset)
    has_reset.post("/signin/code/", {"code": code()})
    assert is_in(has_reset)


def test_a_reset_ends_the_sign_ins_from_before(client: Browser, bob: Any, mailoutbox: Any) -> None:
    client.post("/signin/", {"login": bob.email, "password": PASSWORD})
    assert client.get("/requests/").status_code == 200
    other = Browser()
    resets(other, mailed(other, bob.email, mailoutbox))
    assert client.get("/requests/")["Location"].startswith("/signin/")


def test_a_link_counts_once(client: Browser, bob: Any, mailoutbox: Any) -> None:
    link = mailed(client, bob.email, mailoutbox)
    resets(client, link)
    again = Browser().get(link, follow=True).content.decode()
    assert 'name="password1"' not in again


def test_whoever_is_not_known_gets_the_same_page_and_no_link(
    client: Browser, bob: Any, mailoutbox: Any
) -> None:
    known = client.post("/account/password/reset/", {"email": bob.email}, follow=True)
    unknown = Browser().post("/account/password/reset/", {"email": "nobody@firm.example"}, follow=True)
    assert known.request["PATH_INFO"] == unknown.request["PATH_INFO"]
    assert [mail for mail in mailoutbox if "/reset/key/" in mail.body] == mailoutbox[:1]


# ---------------------------------------------------------------- recovery codes


def test_recovery_codes_are_drawn_with_more_than_twenty_bits(bob: Any) -> None:
    """What the real generator gives: eight digits each, evenly spread, none that another set would tell."""
    sets = [RecoveryCodes(Authenticator(user=bob, type="recovery_codes", data=drawn())) for _ in range(100)]
    codes = [each for one in sets for each in one.generate_codes()]
    assert len(codes) == 1000 and all(re.fullmatch(r"\d{8}", each) for each in codes)
    assert 10**8 > 2**26, "bits of one code"
    assert len(set(codes)) > 990
    for place in range(8):
        often = [sum(each[place] == digit for each in codes) for digit in "0123456789"]
        assert min(often) > 50 and max(often) < 150, (place, often)


def drawn() -> dict[str, Any]:
    from allauth.mfa.utils import encrypt

    return {"seed": encrypt(RecoveryCodes.generate_seed()), "used_mask": 0}


def test_a_recovery_code_opens_once_and_guesses_are_limited(client: Browser, bob: Any) -> None:
    TOTP.activate(bob, SECRET)
    (first, *_), right = (found := RecoveryCodes.activate(bob).generate_codes()), found[1]

    def tries(given: str) -> bool:
        client.logout()
        client.post("/signin/", {"login": bob.email, "password": PASSWORD})
        client.post("/signin/code/", {"code": given})
        return is_in(client)

    assert tries(first) and not tries(first)
    wrong = next(f"{number:08}" for number in range(20) if f"{number:08}" not in found)
    assert not any(tries(wrong) for _ in range(5))
    assert not tries(right), "too many wrong ones came before it"
