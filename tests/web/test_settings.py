"""Settings: what is shown and what never is, a change after a proof, its versions, and going back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client as Browser
from django.urls import reverse

from offboarding.connections.models import Workspace
from offboarding.directory.queries import scope_of
from offboarding.env import VARIABLES
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.removals import adjusting
from offboarding.removals.catalogue import DUE, EMERGENCY, GROUPS, REMINDERS, SIGN_IN, SUPPORT, VOLUME
from offboarding.removals.models import RemovalRequest, SettingVersion
from offboarding.users.rules import Role
from tests.conftest import PASSWORD


@pytest.fixture
def desk(client: Browser, ada: Any) -> Browser:
    client.force_login(ada)
    return client


def usual(group: str) -> dict[str, int]:
    return dict(adjusting.as_it_came(group).values)


def says(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def press(browser: Browser) -> Any:
    """Proves who it is, reads the last page, and presses."""
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = browser.get("/setup/settings/confirm/").content.decode()
    nonce = re.search(r'name="nonce" value="([^"]+)"', page)
    assert nonce
    return browser.post("/setup/settings/confirm/", {"nonce": nonce[1]}, follow=True)


def typed(group: str = REMINDERS, version: int = 0, **values: int) -> dict[str, Any]:
    given = {name.replace("-", "_"): number for name, number in usual(group).items()} | values
    return {"version": version, **{name.replace("_", "-"): number for name, number in given.items()}}


def test_what_the_environment_says_is_shown_and_no_secret_is(desk: Browser) -> None:
    page = desk.get("/setup/settings/").content.decode()
    assert [each.name for each in VARIABLES if each.name not in page] == []
    for name in ("SECRET_KEY", "SIGNING_KEY", "DATABASE_URL", "METRICS_TOKEN"):
        value = str(django_settings.VALUES[name])
        assert not value or value not in page, name
    assert not any(key in page for key in django_settings.VALUES["SEALING_KEYS"])


def test_a_store_is_told_without_pythons_signs(desk: Browser, settings: Any) -> None:
    from offboarding.env import evidence

    assert "BACKEND" not in desk.get("/setup/settings/").content.decode()
    store = evidence("s3://proof/acme?region=eu-central-1")
    settings.VALUES = {**settings.VALUES, "EVIDENCE_STORE": store}
    assert "proof, acme/, COMPLIANCE, eu-central-1" in says(desk.get("/setup/settings/"))


@pytest.mark.parametrize(
    "name", [each.name for each in VARIABLES if re.search("KEY|TOKEN|PASS|SECRET|URL|MAIL$", each.name)]
)
def test_whatever_sounds_like_a_secret_is_treated_as_one(name: str) -> None:
    from offboarding.web.settings.cards import HARMLESS, is_secret

    assert is_secret(name) or name in HARMLESS


def test_a_change_waits_for_a_proof_and_shows_what_changes(desk: Browser) -> None:
    answer = desk.post("/setup/settings/reminders/change/", typed(leaving_days=30))
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert not SettingVersion.objects.exists()
    assert desk.get("/setup/settings/confirm/")["Location"].startswith(reverse("account_reauthenticate"))
    assert "Saved as version 1" in says(press(desk))
    entry = Entry.objects.get(event="setting.changed")
    facts = canonical.loads(bytes(entry.body))["facts"]
    assert (entry.about, facts["changed"]) == ("setting:reminders", {"leaving-days": [14, 30]})
    text = says(desk.get("/setup/settings/reminders/"))
    assert "14 became 30 days" in text and "Ada" in text and "as the product came" in text


def test_one_goes_back_to_an_earlier_version_by_a_new_one(desk: Browser) -> None:
    for version, days in enumerate((30, 60)):
        desk.post("/setup/settings/reminders/change/", typed(version=version, leaving_days=days))
        press(desk)
    desk.post("/setup/settings/reminders/back/1/")
    press(desk)
    assert (adjusting.standing(REMINDERS).version, adjusting.value(REMINDERS, "leaving-days")) == (3, 30)
    facts = canonical.loads(bytes(Entry.objects.order_by("-seq")[0].body))["facts"]
    assert facts["back_to"] == 1
    desk.post("/setup/settings/reminders/back/0/")
    press(desk)
    assert adjusting.standing(REMINDERS).values == usual(REMINDERS)


@pytest.mark.parametrize("value", ["0", "91", "-3", "a week", "", "²"])
def test_what_makes_no_sense_is_refused_beside_its_field(value: str, desk: Browser) -> None:
    answer = desk.post("/setup/settings/reminders/change/", {**typed(), "leaving-days": value})
    assert answer.status_code == 422
    assert "Write a whole number from 1 to 90" in says(answer)


def test_of_two_who_change_at_once_the_second_is_shown_the_first(desk: Browser, person: Any) -> None:
    desk.post("/setup/settings/reminders/change/", typed(leaving_days=30))
    other = adjusting.change(
        person("eve"), everywhere(), REMINDERS, {**usual(REMINDERS), "old-token-days": 90}, 0
    )
    assert other == 1
    answer = press(desk)
    assert "Somebody changed these settings" in says(answer)
    assert "90 became 180" in says(answer), "what the other one set is seen before it is replaced"
    assert adjusting.value(REMINDERS, "leaving-days") == 14
    press(desk)
    assert adjusting.standing(REMINDERS).version == 2


def everywhere() -> Any:
    from offboarding.directory.rules import Scope

    return Scope(0, "eve@northwind.example", frozenset({(Role.ADMINISTRATOR, None)}))


def test_a_reasons_hours_hold_for_what_is_filed_from_then_on(
    filed: Any, drafted: Any, ada: Any, alice: Any, today: Any
) -> None:
    before = filed("Acme Production")
    values = {**usual(DUE), "contract-ended": 48}
    adjusting.change(ada, scope_of(ada, today), DUE, values, 0)
    before.refresh_from_db()
    assert before.due_at - before.starts_at == timedelta(hours=24)
    from offboarding.journey import actions as journey

    after = drafted("Acme Staging")
    journey.file(after, alice, after.version)
    assert after.due_at - after.starts_at == timedelta(hours=48)


def test_the_page_of_reasons_says_the_hours_that_are_set(
    client: Browser, alice: Any, ada: Any, drafted: Any, today: Any
) -> None:
    removal = drafted("Acme Production")
    adjusting.change(ada, scope_of(ada, today), DUE, {**usual(DUE), "handed-over": 99}, 0)
    client.force_login(alice)
    assert "within 99 hours" in says(client.get(f"/requests/new/{removal.reference}/details/"))


def test_when_people_are_reminded_of_is_as_it_is_set(
    client: Browser, alice: Any, ada: Any, clients: dict[str, Any], today: Any
) -> None:
    from offboarding.directory.models import Address, Collaborator, Engagement

    works = Engagement.objects.create(
        client=clients["Acme"], name="E", lead=alice, ends_on=today + timedelta(days=20)
    )
    dan = Collaborator.objects.create(client=clients["Acme"], name="Dan Late")
    Address.objects.create(collaborator=dan, email="late@x.example")
    dan.engagements.add(works)
    client.force_login(alice)
    assert "Dan Late" not in says(client.get("/"))
    adjusting.change(ada, scope_of(ada, today), REMINDERS, {**usual(REMINDERS), "leaving-days": 21}, 0)
    assert "Dan Late" in says(client.get("/"))


def test_where_a_connection_says_nothing_the_usual_support_hours_hold(
    client: Browser, alice: Any, ada: Any, drafted: Any, clients: dict[str, Any], today: Any
) -> None:
    """Monday to Friday from 9 to 18 in Lisbon, and access that ends on a Sunday."""
    clients["Acme"].time_zone = "Europe/Lisbon"
    clients["Acme"].save()
    removal = drafted("Acme Production")
    sunday = datetime(2027, 1, 3, 12, tzinfo=UTC)
    RemovalRequest.objects.filter(pk=removal.pk).update(starts_at=sunday)
    client.force_login(alice)
    path, told = f"/requests/new/{removal.reference}/check/", "Nobody at Acme Production can help"
    assert told not in says(client.get(path)), "as the product comes, somebody can always help"
    week = {"first-day": 1, "last-day": 5, "from-hour": 9, "until-hour": 18}
    adjusting.change(ada, scope_of(ada, today), SUPPORT, week, 0)
    page = says(client.get(path))
    assert told in page and "4 Jan" in page and "10:00 CET" in page, "in the reader's zone"
    Workspace.objects.update(support_days="7", support_from="00:00", support_until="23:59")
    assert told not in says(client.get(path)), "its own hours come first"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"first-day": 6, "last-day": 5}, "last-day"), ({"from-hour": 9, "until-hour": 9}, "until-hour")],
)
def test_support_hours_end_after_they_begin(wrong: dict[str, int], field: str, desk: Browser) -> None:
    answer = desk.post("/setup/settings/support/change/", {"version": 0, **usual(SUPPORT), **wrong})
    assert answer.status_code == 422 and f'href="#id_{field}"' in answer.content.decode()


def test_the_page_leads_to_what_is_set_elsewhere_and_says_what_each_does(desk: Browser) -> None:
    page = desk.get("/setup/settings/").content.decode()
    main = page[page.index('id="elsewhere-title"') : page.index('id="env-title"')]
    links = re.findall(r'href="([^"]+)"', main)
    assert len(links) == 5 and all(desk.get(each).status_code == 200 for each in links)
    hints = [each.hint for group in GROUPS.values() for each in group if each.hint]
    assert hints and not [hint for hint in hints if hint not in says(desk.get("/setup/settings/"))]


def test_only_an_administrator_of_all_clients_sets_anything(person: Any, client: Browser, today: Any) -> None:
    local = person("local", Role.ADMINISTRATOR, clients_=("Acme",))
    with pytest.raises(Refused) as refusal:
        adjusting.change(local, scope_of(local, today), REMINDERS, {**usual(REMINDERS), "leaving-days": 9}, 0)
    assert refusal.value.code == "may-not-set"
    client.force_login(local)
    assert client.get("/setup/settings/").status_code == 403
    assert client.post("/setup/settings/due/change/", typed(DUE)).status_code == 403


def test_the_usual_values_make_sense_themselves() -> None:
    from offboarding.removals.catalogue import wrong_values

    wrong = {group: wrong_values(adjusting.group_of(group), usual(group)) for group in GROUPS}
    assert wrong == {group: {} for group in GROUPS}


# ---------------------------------------------------------------- limits of the environment


@pytest.mark.parametrize(
    ("group", "laxer", "says_no"),
    [
        (VOLUME, {"people": 21}, "from 1 to 20"),
        (VOLUME, {"places": 101}, "from 1 to 100"),
        (VOLUME, {"minutes": 59}, "from 60 to 10080"),
        (EMERGENCY, {"review-hours": 25}, "from 1 to 24"),
        (EMERGENCY, {"activity-days": 29}, "from 30 to 90"),
        (SIGN_IN, {"idle-minutes": 61}, "from 5 to 60"),
        (SIGN_IN, {"sign-in-hours": 13}, "from 1 to 12"),
    ],
)
def test_nothing_is_set_laxer_than_the_environment_says(
    group: str, laxer: dict[str, int], says_no: str, desk: Browser, ada: Any, today: Any
) -> None:
    answer = desk.post(f"/setup/settings/{group}/change/", {"version": 0, **usual(group), **laxer})
    assert answer.status_code == 422 and says_no in says(answer)
    with pytest.raises(Refused) as refusal:
        adjusting.change(ada, scope_of(ada, today), group, usual(group) | laxer, 0)
    assert refusal.value.code == "wrong-values"


def test_an_environment_that_becomes_stricter_holds_at_once(
    ada: Any, today: Any, settings: Any, desk: Browser
) -> None:
    adjusting.change(ada, scope_of(ada, today), VOLUME, usual(VOLUME) | {"people": 15, "minutes": 90}, 0)
    settings.BREAKER_PEOPLE, settings.BREAKER_MINUTES = 10, 120
    assert adjusting.standing(VOLUME).values == {"people": 10, "places": 100, "minutes": 120}
    page = desk.get("/setup/settings/").content.decode()
    assert 'value="10"' in page and 'max="10"' in page and 'min="120"' in page


def test_the_volume_breaker_counts_by_what_is_set(ada: Any, today: Any) -> None:
    from offboarding.emergencies.queries import breaker
    from offboarding.emergencies.rules import Breaker

    adjusting.change(ada, scope_of(ada, today), VOLUME, {"people": 3, "places": 30, "minutes": 240}, 0)
    assert breaker() == Breaker(3, 30, 240)


def test_a_unit_is_said_once(desk: Browser) -> None:
    page = desk.get("/setup/settings/").content.decode()
    assert "Contract ended, hours" in page
    assert "should be replaced, days" not in page and "work page, days" not in page
