"""API keys: made once, shown once, used by programs, and dead as soon as they should be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.http import JsonResponse
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import reverse

from offboarding.api.http import with_key
from offboarding.directory.models import Engagement, Membership
from offboarding.directory.people import disable
from offboarding.directory.queries import scope_of
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.users import keys
from offboarding.users.models import ApiKey, SignInProvider, User
from offboarding.users.networks import is_among, line_of, networks_in
from offboarding.users.rules import Role, actor_of
from tests.conftest import PASSWORD

ME = "/api/v1/me"
TODAY = datetime.now(UTC).date()
LATER = TODAY + timedelta(days=30)


@pytest.fixture
def made() -> Callable[..., str]:
    def make(user: Any, *roles: Role, ends_on: date = LATER, **more: Any) -> str:
        wanted = roles or (Role.APPROVER,)
        return keys.make(user, wanted, "Report export", wanted, ends_on, TODAY, **more)

    return make


def asks(key: str, browser: Browser | None = None, **headers: Any) -> Any:
    given = {"HTTP_AUTHORIZATION": f"Bearer {key}", **headers} if key else headers
    return (browser or Browser()).get(ME, **given)


def scope(client: str, engagement: str | None = None) -> dict[str, str | None]:
    return {"role": "approver", "client": client, "engagement": engagement}


def test_a_key_says_who_it_stands_for_and_until_when(made: Any, bob: Any) -> None:
    answer = asks(made(bob))
    assert answer.status_code == 200
    assert answer.json() == {
        "user": {"name": "Bob", "email": "bob@northwind.example"},
        "key": {
            "name": "Report export",
            "prefix": ApiKey.objects.get().prefix,
            "may_write": False,
            "addresses": [],
        },
        "scopes": [scope("acme"), scope("globex")],
        "until": LATER.isoformat(),
    }
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies


def test_only_its_digest_is_kept_and_the_record_holds_nothing_of_it(made: Any, bob: Any) -> None:
    plain = made(bob)
    secret = plain.split("_", 2)[2]  # it may hold another one
    key = ApiKey.objects.get()
    assert secret not in str({field.name: getattr(key, field.name) for field in key._meta.fields})
    assert plain.split("_")[1] == key.prefix
    assert not any(secret in bytes(entry.body).decode() for entry in Entry.objects.all())
    assert Entry.objects.get().event == "apikey.made"


def refused(answer: Any, status: int = 401) -> str:
    """The code, after a look at the whole problem."""
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == status
    assert said["title"] and said["detail"].endswith(".")
    return str(said["code"])


@pytest.mark.parametrize(
    "header", [{}, {"HTTP_AUTHORIZATION": "Basic Ym9i"}, {"HTTP_AUTHORIZATION": "Bearer"}]
)
def test_without_a_key_the_answer_says_how_to_send_one(header: dict[str, str], db: None) -> None:
    answer = Browser().get(ME, **header)
    assert refused(answer) == "no-key"
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_key_that_is_almost_right_opens_nothing(made: Any, bob: Any) -> None:
    plain = made(bob)
    other = "a" if plain[-1] != "a" else "b"
    for wrong in (
        plain[:-1] + other,
        plain[:-1],
        plain + "a",
        plain.upper(),
        plain.replace("offb_", ""),
        "x" * 5000,
    ):
        assert refused(asks(wrong)) == "no-such-key"


def test_a_browsers_session_opens_nothing_here(client: Browser, bob: Any) -> None:
    client.force_login(bob)
    assert refused(client.get(ME)) == "no-key"


def test_it_ends_with_its_day(made: Any, bob: Any) -> None:
    today = datetime.now(UTC).date()  # not that of when this file was read: a run may go on past midnight
    plain = made(bob, ends_on=today)
    assert asks(plain).status_code == 200
    ApiKey.objects.update(ends_on=today - timedelta(days=1))
    assert refused(asks(plain)) == "no-such-key"


def test_it_ends_at_once_when_somebody_ends_it_and_only_once(made: Any, bob: Any) -> None:
    plain, key = made(bob), ApiKey.objects.get()
    keys.end(key, actor_of(bob), datetime.now(UTC))
    assert refused(asks(plain)) == "no-such-key"
    with pytest.raises(Refused, match="ended already"):
        keys.end(key, actor_of(bob), datetime.now(UTC))
    assert Entry.objects.filter(event="apikey.ended").count() == 1


def test_it_ends_for_good_when_its_user_is_disabled(made: Any, bob: Any, person: Callable[..., Any]) -> None:
    plain, chief = made(bob), person("chief")
    Membership.objects.create(user=chief, role="administrator")
    disable(chief, scope_of(chief, TODAY), bob, "left")
    assert refused(asks(plain)) == "no-such-key"
    bob.is_active = True
    bob.save()
    assert refused(asks(plain)) == "no-such-key"


def test_a_user_who_is_disabled_by_other_means_opens_nothing_either(made: Any, bob: Any) -> None:
    plain = made(bob)
    bob.is_active = False
    bob.save()
    assert refused(asks(plain)) == "no-such-key"


def test_a_role_that_is_lost_is_lost_to_the_key_too(made: Any, bob: Any) -> None:
    plain = made(bob)
    Membership.objects.filter(user=bob, client__name="Acme").delete()
    assert asks(plain).json()["scopes"] == [scope("globex")]
    Membership.objects.filter(user=bob).delete()
    assert asks(plain).json()["scopes"] == []


def test_a_key_says_within_which_engagement_it_counts(made: Any, bob: Any, clients: dict[str, Any]) -> None:
    build = Engagement.objects.create(client=clients["Acme"], name="Build", lead=bob)
    Membership.objects.filter(user=bob, client=clients["Acme"]).update(engagement=build)
    assert asks(made(bob)).json()["scopes"] == [scope("acme", "Build"), scope("globex")]


def test_a_key_has_no_more_roles_than_were_chosen(made: Any, bob: Any, clients: dict[str, Any]) -> None:
    Membership.objects.create(user=bob, role="security", client=clients["Acme"])
    assert {each["role"] for each in asks(made(bob)).json()["scopes"]} == {"approver"}


@pytest.mark.parametrize(
    ("name", "roles", "ends_on", "field"),
    [
        ("", ("approver",), LATER, "name"),
        ("x" * 61, ("approver",), LATER, "name"),
        ("x", (), LATER, "roles"),
        ("x", ("security",), LATER, "roles"),
        ("x", ("emperor",), LATER, "roles"),
        ("x", ("approver",), TODAY - timedelta(days=1), "ends_on"),
        ("x", ("approver",), TODAY + timedelta(days=400), "ends_on"),
    ],
)
def test_what_no_key_can_be(name: str, roles: tuple[str, ...], ends_on: date, field: str, bob: Any) -> None:
    with pytest.raises(Refused) as refusal:
        keys.make(bob, (Role.APPROVER,), name, roles, ends_on, TODAY)
    assert refusal.value.facts["field"] == field
    assert not ApiKey.objects.exists()


def test_nobody_has_more_than_twenty_at_a_time(made: Any, bob: Any) -> None:
    for _ in range(20):
        made(bob)
    with pytest.raises(Refused, match="20 keys"):
        made(bob)
    keys.end(ApiKey.objects.all()[0], actor_of(bob), datetime.now(UTC))
    made(bob)


def test_its_last_use_is_written_down_with_the_place(made: Any, bob: Any) -> None:
    plain = made(bob)
    asks(plain, REMOTE_ADDR="10.2.0.8")
    key = ApiKey.objects.get()
    assert key.used_from == "10.2.0.8"
    assert key.used_at and datetime.now(UTC) - key.used_at < timedelta(minutes=1)


def test_using_it_again_within_a_minute_writes_nothing(
    made: Any, bob: Any, django_assert_max_num_queries: Any
) -> None:
    plain = made(bob)
    asks(plain)
    with django_assert_max_num_queries(4):  # tries, key and user, memberships, names
        asks(plain)


def test_wrong_keys_from_one_place_are_limited_and_a_right_one_waits_too(made: Any, bob: Any) -> None:
    plain = made(bob)
    for _ in range(20):
        refused(asks("offb_aaaaaaaa_" + "a" * 43))
    answer = asks(plain)
    assert refused(answer, 429) == "too-many-tries"
    assert answer["Retry-After"] == "300"
    assert asks(plain, REMOTE_ADDR="10.9.9.9").status_code == 200


def test_a_line_with_many_addresses_is_counted_as_one(made: Any, bob: Any) -> None:
    """Who has an IPv6 line has 2^64 addresses. The /64 beside it belongs to somebody else."""
    for number in range(20):
        refused(asks("offb_aaaaaaaa_" + "a" * 43, REMOTE_ADDR=f"2001:db8:0:1::{number:x}"))
    plain = made(bob)
    assert refused(asks(plain, REMOTE_ADDR="2001:db8:0:1:ffff::1"), 429) == "too-many-tries"
    assert asks(plain, REMOTE_ADDR="2001:db8:0:2::1").status_code == 200


@pytest.mark.parametrize(
    ("came_from", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("17", "17"),
        ("", ""),
    ],
)
def test_who_is_counted_as_one(came_from: str, counted: str) -> None:
    assert line_of(came_from) == counted


def test_other_methods_and_other_addresses_are_problems_too(made: Any, bob: Any) -> None:
    browser = Browser(enforce_csrf_checks=True)
    answer = browser.post(ME)
    assert refused(answer, 405) == "wrong-method"
    assert answer["Allow"] == "GET, HEAD"
    for path in ("/api/", "/api/v1/nothing", "/api/v2/me"):
        if path != "/api/":
            assert refused(browser.post(path), 404) == "no-such-address"


# ---------------------------------------------------------------- what it may, and from where


@with_key("GET", "POST")
def acts(request: Any) -> JsonResponse:
    """Stands for whatever changes something."""
    return JsonResponse({"did": request.method})


def sends(key: str, method: str) -> Any:
    return acts(getattr(RequestFactory(), method)("/", HTTP_AUTHORIZATION=f"Bearer {key}"))


def test_a_key_only_reads_unless_it_was_made_to_change_things(made: Any, bob: Any) -> None:
    reads, writes = made(bob), made(bob, writes=True)
    assert sends(reads, "get").status_code == sends(writes, "post").status_code == 200
    answer = sends(reads, "post")
    assert json.loads(answer.content)["code"] == "reads-only" and answer.status_code == 403
    assert [entry_facts(each)["writes"] for each in Entry.objects.order_by("seq")] == [False, True]


def entry_facts(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(entry.body))["facts"]
    return found


@pytest.mark.parametrize(
    ("days", "linked", "is_on", "taken", "because"),
    [
        (29, True, True, True, "he came a while ago"),
        (31, True, True, False, "he may be locked there, which nobody tells us"),
        (31, True, False, True, "nobody comes from there any more, so he has his password"),
        (31, False, True, True, "he signs in here, and is disabled here"),
    ],
)
def test_a_key_of_who_comes_from_a_provider_rests_while_they_stay_away(
    days: int, linked: bool, is_on: bool, taken: bool, because: str, made: Any, bob: Any
) -> None:
    SignInProvider.objects.create(kind="oidc", slug="okta", name="Okta", is_on=is_on)
    if linked:
        SocialAccount.objects.create(user=bob, provider="okta", uid="1")
    plain, came = made(bob), datetime.now(UTC) - timedelta(days=days)
    User.objects.filter(pk=bob.pk).update(last_login=came)
    answer = asks(plain)
    assert answer.status_code == (200 if taken else 403), because
    if not taken:
        assert refused(answer, 403) == "key-rests"
        assert ApiKey.objects.get().used_at is None
        User.objects.filter(pk=bob.pk).update(last_login=datetime.now(UTC))
        assert asks(plain).status_code == 200, "and counts again"


NETWORKS = [
    ("10.2.0.8", ["10.2.0.8"], True, "this address"),
    ("10.2.0.9", ["10.2.0.8"], False, "the next one"),
    ("10.2.0.9", ["192.0.2.1", "10.2.0.0/24"], True, "in the second of two"),
    ("10.2.1.9", ["10.2.0.0/24"], False, "behind the end of the range"),
    ("::ffff:10.2.0.8", ["10.2.0.8"], True, "the same, as a server of both kinds names it"),
    ("2001:db8::7", ["2001:db8::/32"], True, "IPv6"),
    ("2001:db8::7", ["10.0.0.0/8"], False, "the other kind"),
    ("10.2.0.8", [], True, "none is named"),
    ("", ["10.2.0.8"], False, "no address at all"),
]


@pytest.mark.parametrize(("came_from", "networks", "taken", "because"), NETWORKS)
def test_from_where_a_key_is_taken(came_from: str, networks: list[str], taken: bool, because: str) -> None:
    assert is_among(came_from, networks) is taken, because


def test_a_key_from_elsewhere_opens_nothing_and_says_from_where_it_came(made: Any, bob: Any) -> None:
    plain = made(bob, networks=networks_in("10.2.0.0/24, 192.0.2.7"))
    assert asks(plain, REMOTE_ADDR="10.2.0.8").json()["key"]["addresses"] == ["10.2.0.0/24", "192.0.2.7"]
    answer = asks(plain, REMOTE_ADDR="203.0.113.9")
    assert refused(answer, 403) == "not-from-there"
    assert "203.0.113.9" in answer.json()["detail"]
    assert ApiKey.objects.get().used_from == "10.2.0.8", "a refused try is no use"


def test_tries_from_elsewhere_are_counted(made: Any, bob: Any) -> None:
    plain = made(bob, networks=["10.2.0.8"])
    for _ in range(20):
        refused(asks(plain), 403)
    assert refused(asks(plain), 429) == "too-many-tries"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", []),
        ("10.2.0.8\r\n 10.2.0.8", ["10.2.0.8"]),
        ("10.2.0.9/24", ["10.2.0.0/24"]),
        ("2001:DB8::/32", ["2001:db8::/32"]),
    ],
)
def test_what_is_typed_is_kept_as_ranges(text: str, wanted: list[str]) -> None:
    assert networks_in(text) == wanted


@pytest.mark.parametrize(
    "text", ["office", "10.2.0.0/33", "0.0.0.0/0", "::/0", " ".join(f"10.0.0.{n}" for n in range(21))]
)
def test_what_is_no_range_is_refused_beside_its_field(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        networks_in(text)
    assert refusal.value.facts["field"] == "networks"


# ---------------------------------------------------------------- the pages


@pytest.fixture
def at_the_page(client: Browser, bob: Any) -> Browser:
    client.post("/signin/", {"login": bob.email, "password": PASSWORD})
    return client


def typed(**changes: Any) -> dict[str, Any]:
    return {"name": "Report export", "roles": ["approver"], "ends_on": LATER.isoformat(), **changes}


def test_the_page_shows_the_key_once_and_it_works(at_the_page: Browser) -> None:
    page = at_the_page.post(reverse("api_key_new"), typed()).content.decode()
    found = re.search(r"offb_[a-z2-7]{8}_[A-Za-z0-9_-]{43}", page)
    assert found
    assert asks(found[0]).status_code == 200
    listed = at_the_page.get(reverse("api_keys")).content.decode()
    assert found[0] not in listed
    assert f"offb_{ApiKey.objects.get().prefix}_…" in listed
    assert "from 127.0.0.1" in listed


def test_the_page_says_what_a_key_may_and_from_where(at_the_page: Browser) -> None:
    form = at_the_page.get(reverse("api_key_new")).content.decode()
    assert 'value="read" checked' in re.sub(r"\s+", " ", form), "reading is what is chosen first"
    at_the_page.post(reverse("api_key_new"), typed(may="write", networks="10.2.0.0/24"))
    key = ApiKey.objects.get()
    assert (key.writes, key.networks) == (True, ["10.2.0.0/24"])
    listed = at_the_page.get(reverse("api_keys")).content.decode()
    assert "reads and changes" in listed and "10.2.0.0/24" in listed


def test_making_one_needs_a_proof(client: Browser, bob: Any) -> None:
    client.force_login(bob)
    assert client.get(reverse("api_key_new"))["Location"].startswith("/confirm-identity/")
    answer = client.post(reverse("api_key_new"), typed())
    assert answer.status_code == 409
    assert "Report export" in answer.content.decode()
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"roles": ["security"]}, "no role that you do not have"),
        ({"roles": []}, "at least one role"),
        ({"ends_on": ""}, "Give its last day"),
        ({"ends_on": "soon"}, "Write the day like"),
        ({"name": " "}, "Write what the key is for"),
        ({"networks": "the office"}, "is no address"),
    ],
)
def test_mistakes_are_said_beside_their_field(
    changes: dict[str, Any], says: str, at_the_page: Browser
) -> None:
    answer = at_the_page.post(reverse("api_key_new"), typed(**changes))
    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_people_end_their_own_and_an_administrator_ends_anybodys(
    at_the_page: Browser, made: Any, bob: Any, sam: Any, person: Callable[..., Any]
) -> None:
    made(bob)
    made(sam)
    own, others = (ApiKey.objects.get(user=user) for user in (bob, sam))
    assert "Sam" not in at_the_page.get(reverse("api_keys")).content.decode()
    assert at_the_page.post(reverse("api_key_end", args=[others.pk])).status_code == 404
    assert "End the key" in at_the_page.get(reverse("api_key_end", args=[own.pk])).content.decode()
    at_the_page.post(reverse("api_key_end", args=[own.pk]))
    chief, browser = person("chief"), Browser()
    Membership.objects.create(user=chief, role="administrator")
    browser.force_login(chief)
    assert "Sam" in browser.get(reverse("api_keys")).content.decode()
    browser.post(reverse("api_key_end", args=[others.pk]))
    assert ApiKey.objects.filter(ended_at=None).count() == 0
    told = [
        json.loads(bytes(each.body))["actor"]["id"] for each in Entry.objects.filter(event="apikey.ended")
    ]
    assert told == [str(bob.pk), str(chief.pk)]


def test_the_list_takes_the_same_queries_however_many_keys(
    at_the_page: Browser, made: Any, bob: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        made(bob)
    with django_assert_max_num_queries(9):
        at_the_page.get(reverse("api_keys"))
