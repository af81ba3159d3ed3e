"""Where a second factor is required: nothing opens without one, and no act is proved with less."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from offboarding.approvals.models import Delegation
from offboarding.directory.people import take_lost_factor
from offboarding.directory.queries import scope_of
from offboarding.users.rules import Role
from offboarding.work import clock
from tests.conftest import PASSWORD
from tests.web.test_evidence import sealed as _sealed

sealed = _sealed  # a fixture

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def required(settings: Any) -> None:
    settings.SECOND_FACTOR_REQUIRED = True


def code(secret: str = SECRET) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


@pytest.fixture
def with_codes() -> Callable[..., Any]:
    def make(user: Any) -> Any:
        TOTP.activate(user, SECRET)
        return user

    return make


@pytest.fixture
def signs_in(client: Browser) -> Callable[..., Browser]:
    """With password, and with a code where the person has them."""

    def make(user: Any) -> Browser:
        client.post("/signin/", {"login": user.email, "password": PASSWORD})
        if "_auth_user_id" not in client.session:
            client.post("/signin/code/", {"code": code()})
        assert "_auth_user_id" in client.session
        return client

    return make


PAGES = [
    "/",
    "/requests/",
    "/evidence/",
    "/search/",
    "/setup/connections/",
    "/setup/people/",
    "/requests/new/",
]


@pytest.mark.parametrize("who", ["bob", "olga", "sam", "erin"])
@pytest.mark.parametrize("path", PAGES)
def test_whoever_can_act_sees_nothing_before_a_factor_is_set_up(
    who: str, path: str, required: None, client: Browser, request: Any
) -> None:
    client.force_login(request.getfixturevalue(who))
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/second-factor/?next=")


def test_the_page_leads_to_both_ways_and_then_back(
    required: None, client: Browser, bob: Any, with_codes: Any
) -> None:
    client.force_login(bob)
    page = client.get("/second-factor/?next=/requests/")
    text = page.content.decode()
    assert reverse("mfa_add_webauthn") in text
    assert reverse("mfa_activate_totp") in text
    with_codes(bob)
    assert client.get("/second-factor/?next=/requests/")["Location"] == "/requests/"
    assert client.get("/second-factor/?next=https://evil.example/")["Location"] == "/"


def test_from_the_recovery_codes_one_goes_on_to_where_one_wanted_to_go(
    required: None, client: Browser, bob: Any
) -> None:
    client.post("/signin/", {"login": bob.email, "password": PASSWORD})
    client.get(client.get("/requests/?text=dan")["Location"])
    proof = client.get(reverse("mfa_activate_totp"))["Location"]
    page = client.post(proof, {"password": PASSWORD}, follow=True).content.decode()
    secret = client.session["mfa.totp.secret"]
    assert secret in page
    codes = client.post(reverse("mfa_activate_totp"), {"code": code(secret)}, follow=True)
    assert codes.redirect_chain[-1][0] == reverse("mfa_view_recovery_codes")
    go_on = f'href="{reverse("second_factor")}"'
    assert go_on in codes.content.decode()
    assert client.get(reverse("second_factor"))["Location"] == "/requests/?text=dan"
    assert go_on not in client.get(reverse("mfa_view_recovery_codes")).content.decode(), "once is enough"


def test_settings_and_leaving_are_open_before(required: None, client: Browser, bob: Any) -> None:
    client.force_login(bob)
    for path in ("/me/", "/help/keys/", "/second-factor/", reverse("account_logout")):
        assert client.get(path).status_code == 200


def test_who_only_files_needs_none(required: None, client: Browser, alice: Any) -> None:
    client.force_login(alice)
    assert client.get("/requests/").status_code == 200


def test_after_a_lost_factor_was_taken_away_the_password_opens_nothing_but_setting_up_another(
    required: None, client: Browser, bob: Any, ada: Any, with_codes: Any
) -> None:
    with_codes(bob)
    take_lost_factor(ada, scope_of(ada, date.today()), bob, "Saw him at his desk.")
    client.post("/signin/", {"login": bob.email, "password": PASSWORD})
    assert "_auth_user_id" in client.session
    for page in PAGES:
        assert client.get(page)["Location"].startswith(reverse("second_factor")), page


@pytest.fixture
def lead(client: Browser, bob: Any, person: Any, filed: Any, required: None) -> Any:
    """Rita only files; Bob lets her decide in his place. She has signed in with her password."""
    rita, now = person("rita", Role.REQUESTER), clock.now()
    given = {"starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=9), "why": "Holidays"}
    Delegation.objects.create(giver=bob, to=rita, method="code", **given)
    client.force_login(rita)
    return rita


def test_who_decides_in_anothers_place_needs_one_too(
    lead: Any, client: Browser, filed: Any, with_codes: Any
) -> None:
    url, _answer = chosen(client, filed)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    there = client.get(f"{url}confirm/")["Location"]
    assert there.startswith("/second-factor/?next=")
    assert reverse("mfa_add_webauthn") in client.get(there).content.decode()
    with_codes(lead)
    there = client.get(f"{url}confirm/")["Location"]
    assert there.startswith(reverse("mfa_reauthenticate")), "and the password from before proves nothing"
    forget_used_codes()
    client.post(reverse("mfa_reauthenticate"), {"code": code()})
    assert client.get(f"{url}confirm/").status_code == 200


OUT = ("packet.zip", "report.pdf", "v1/bag.zip", "v1/redacted/1.zip", "v1/redacted/", "share/")


def test_who_takes_a_packet_away_or_shares_it_needs_one_too(
    lead: Any, client: Browser, sealed: Any, with_codes: Any
) -> None:
    home = f"/evidence/{sealed().removal.reference}/"
    assert client.get(home).status_code == 200, "she reads it"
    for path in OUT:
        assert client.get(home + path)["Location"].startswith("/second-factor/?next="), path
    typed = {"address": "x@firm.example", "days": "7"}
    assert client.post(f"{home}share/new/", typed)["Location"].startswith("/second-factor/?next=")
    with_codes(lead)
    assert client.get(f"{home}packet.zip").status_code == 200
    assert client.get(f"{home}share/").status_code == 200


def test_recovery_codes_alone_are_no_factor(required: None, client: Browser, bob: Any) -> None:
    Authenticator.objects.create(user=bob, type=Authenticator.Type.RECOVERY_CODES, data={})
    client.force_login(bob)
    assert client.get("/requests/").status_code == 302


def test_a_fragment_sends_the_whole_page_there(required: None, client: Browser, bob: Any) -> None:
    client.force_login(bob)
    answer = client.get(
        "/requests/", HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL="http://testserver/requests/?stage=open"
    )
    assert answer["HX-Redirect"].startswith("/second-factor/?next=/requests/")


def test_who_has_one_signs_in_with_it_and_goes_on(
    required: None, bob: Any, with_codes: Any, signs_in: Any
) -> None:
    assert signs_in(with_codes(bob)).get("/requests/").status_code == 200


def chosen(browser: Browser, filed: Any) -> Any:
    from offboarding.checklist.queries import newest_plan

    removal = filed()
    plan = newest_plan(removal)
    assert plan
    url = f"/requests/{removal.reference}/approve/"
    return url, browser.post(url, {"decision": "approve", "note": "", "fingerprint": plan.fingerprint})


def test_a_password_proves_nothing_where_a_factor_is_required(
    required: None, bob: Any, with_codes: Any, signs_in: Any, filed: Any, settings: Any
) -> None:
    browser = signs_in(with_codes(bob))
    url, answer = chosen(browser, filed)
    assert answer["Location"].startswith(reverse("mfa_reauthenticate"))
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert browser.get(f"{url}confirm/")["Location"].startswith(reverse("mfa_reauthenticate"))


def test_a_code_given_after_the_choice_proves_it(
    required: None, bob: Any, with_codes: Any, signs_in: Any, filed: Any
) -> None:
    browser = signs_in(with_codes(bob))
    url, _answer = chosen(browser, filed)
    assert (
        browser.get(f"{url}confirm/").status_code == 302
    )  # the code of the sign-in is older than the choice
    forget_used_codes()
    browser.post(reverse("mfa_reauthenticate"), {"code": code()})
    assert browser.get(f"{url}confirm/").status_code == 200


def test_who_only_has_a_passkey_is_asked_for_the_passkey(
    required: None, bob: Any, client: Browser, filed: Any
) -> None:
    Authenticator.objects.create(user=bob, type=Authenticator.Type.WEBAUTHN, data={"credential": {}})
    client.force_login(bob)
    _url, answer = chosen(client, filed)
    assert answer["Location"].startswith(reverse("mfa_reauthenticate_webauthn"))


def test_a_factor_that_comes_or_goes_stands_in_the_record(bob: Any, client: Browser) -> None:
    from offboarding.ledger.models import Entry

    client.post("/signin/", {"login": bob.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    form = client.get(reverse("mfa_activate_totp"))
    secret = client.session["mfa.totp.secret"]
    assert form.status_code == 200
    counter = next(iter(yield_hotp_counters_from_time()))
    client.post(reverse("mfa_activate_totp"), {"code": format_hotp_value(hotp_value(secret, counter))})
    assert Entry.objects.filter(event="user.second_factor_added").exists()
    client.post(reverse("mfa_deactivate_totp"))
    assert Entry.objects.filter(event="user.second_factor_removed").exists()


CHANGES = (
    "mfa_add_webauthn",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_generate_recovery_codes",
)


@pytest.mark.parametrize("page", CHANGES)
def test_a_password_changes_no_factor_of_who_has_one(
    page: str, bob: Any, with_codes: Any, signs_in: Any
) -> None:
    """An open browser and a password that was seen give nobody a second factor of their own."""
    browser = signs_in(with_codes(bob))
    later = timezone.now() + timedelta(minutes=20)
    with time_machine.travel(later):
        browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        for answer in (browser.get(reverse(page)), browser.post(reverse(page), {"name": "x"})):
            assert answer.status_code == 302
            assert answer["Location"].startswith(reverse("mfa_reauthenticate")), answer["Location"]
        assert list(Authenticator.objects.filter(user=bob).values_list("type", flat=True)) == ["totp"]
        browser.post(reverse("mfa_reauthenticate"), {"code": code()})
        assert "confirm-identity" not in browser.get(reverse(page)).get("Location", "")


def test_what_was_held_back_for_a_proof_waits_for_the_factor_not_for_the_password(
    bob: Any, with_codes: Any, signs_in: Any
) -> None:
    browser, there = signs_in(with_codes(bob)), reverse("mfa_deactivate_totp")
    browser.post(there)  # the code of the sign-in is fresh, and allauth asks once more
    password = f"{reverse('account_reauthenticate')}?next={there}"
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        answer = browser.post(password, {"password": PASSWORD, "next": there})
        assert answer["Location"].startswith(f"{reverse('mfa_reauthenticate')}?next=")
        assert Authenticator.objects.filter(user=bob).exists()
        page = browser.get(reverse("mfa_reauthenticate")).content.decode()
        assert "Use your password" not in page


def forget_used_codes() -> None:
    """A code counts once; here the next one is not waited for."""
    from django.core.cache import cache

    cache.clear()
