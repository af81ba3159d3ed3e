"""Secrets that are known to the test go through every kind of work, well and badly, and are then looked for everywhere.

`CANARIES=all` drives every kind of slow work there is; without it, those that handle secrets of their own.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import logging
import os
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.db import connection
from django.test import Client as Browser

from offboarding.connections import keyring
from offboarding.connections.models import Workspace
from offboarding.execution.models import Run, Secret
from offboarding.simulators.simulator import Simulator
from offboarding.users import keys
from offboarding.users.models import SignInProvider, User
from offboarding.users.rules import Role
from tests.security.search import Lines, Search, writings

PASSWORD, WRONG = "correct-horse-battery-canary-71", "wrong-horse/battery+canary=72"
TOTP = "K5XW6ZDDMFXGC4TZMFXGCZDB"
NEW_LOGIN = "loads-better-7"  # what the simulated warehouse takes
# With secrets of their own: tokens in every call, new keys, logins, packets of all that.
TELLING = (
    "segment.remove_write_key",
    "segment.update_warehouse",
    "segment.update_credential",
    "packets.Packet",
)
# With no authority named, these have nothing to do. That it does not answer is enough: what it is told is a digest.
ASKS_AN_AUTHORITY = ("stamps.Stamping", "ledger.stamp")
NOBODY = "http://127.0.0.1:9/tsr"


@pytest.fixture
def world(segment: Simulator, db: None, settings: Any, tmp_path: Path) -> Simulator:
    """The demo's people and workspaces, without limits of speed."""
    from offboarding.demo.actions import fill

    settings.PACKET_ROOT, settings.EVIDENCE_ROOT = tmp_path / "packets", tmp_path / "evidence"
    settings.METRICS_TOKEN = "metrics-canary-that-nobody-may-see"
    fill(segment.describe(), datetime.now(UTC).date())
    segment.control.clear_trouble()
    limits = ("default", "iam_write", "connection_state", "volume", "rules", "syncs")
    segment.control.set_limits(dict.fromkeys(limits, 0))
    return segment


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Everything that anybody logs, at the most talkative level."""
    root, handler = logging.getLogger(), Lines()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def secrets_of(world: Simulator, settings: Any) -> list[str]:
    """What must stand nowhere: our tokens, every write key there is, logins, and the installation's own keys."""
    tokens = [keyring.open_secret(each.sealed_token) for each in Workspace.objects.all()]
    slugs = {each.slug for each in Workspace.objects.all()}
    keys = [
        key
        for slug in slugs
        for each in world.control.state(slug, ("keys",))["keys"].values()
        for key in each
    ]
    own = [settings.SECRET_KEY, *settings.SEALING_KEYS, settings.SIGNING_KEY, settings.METRICS_TOKEN]
    return [*tokens, *keys, NEW_LOGIN, TOTP, PASSWORD, WRONG, *own]


def old_keys(target: Any, world: Simulator) -> list[str]:
    """The keys that a step takes away, which stand in the paths of its calls."""
    run = Run.objects.filter(pk=target.pk, item__step="segment.remove_write_key").first()
    keys = world.control.state(run.item.workspace.slug, ("keys",))["keys"] if run else {}
    return keys[run.item.target["source_id"]] if run else []


def kinds() -> list[str]:
    from tests.faults import scenarios

    return scenarios.kinds() if os.environ.get("CANARIES") == "all" else list(TELLING)


def echo(world: Simulator, sent: list[str], keys: list[str]) -> None:
    """Everything fails twice, and repeats what the call carried: our token, what a change `sent`, the key in a path."""
    for place in Workspace.objects.all():
        token = keyring.open_secret(place.sealed_token)
        fail(world, token, {"workspace": place.slug, "method": "GET"})
        for key in keys:
            fail(world, f"{token} {key}", {"workspace": place.slug, "method": "DELETE", "path": f"/*/{key}"})
        for method in ("POST", "PATCH", "PUT", "DELETE"):
            fail(world, " ".join([token, *sent]), {"workspace": place.slug, "method": method})


def fail(world: Simulator, said: str, match: dict[str, str]) -> None:
    body = {"errors": [{"type": "internal", "message": said, "headers": {"authorization": said}}]}
    world.control.add_trouble({"do": "answer", "status": 500, "body": body, "match": match, "count": 2})


# They mark a row and tell the ledger, and write no line of the log.
SILENT = ("emergencies.reviews", "connections.old_tokens")


def search_all(search: Search, lines: Lines, settings: Any) -> None:
    search.into("log: lines", "\n".join(lines.lines))
    search.database()
    search.files(settings.EVIDENCE_ROOT, settings.PACKET_ROOT)
    search.mails()
    told = Browser().get("/metrics", headers={"Authorization": f"Bearer {settings.METRICS_TOKEN}"})
    assert told.status_code == 200
    search.into("metrics: all", told.content)
    lines.lines.clear()
    mail.outbox.clear()


@pytest.mark.parametrize("kind", kinds())
def test_no_secret_is_left_anywhere_by_this_kind_of_work(
    kind: str, world: Simulator, lines: Lines, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.faults import scenarios

    if kind in ASKS_AN_AUTHORITY:
        settings.TIME_STAMP_URL, settings.TIME_STAMP_CA = NOBODY, ""

    # The connection is the test's, and stays.
    monkeypatch.setattr("offboarding.work.desks.close_old_connections", lambda: None)
    assert kind in scenarios.SCENARIOS, f"tests/faults/scenarios.py does not say how {kind} comes to its turn"
    target = scenarios.SCENARIOS[kind]()
    waiting = [keyring.open_secret(each.sealed) for each in Secret.objects.exclude(sealed="")]
    logins = [str(each) for secret in waiting if secret[:1] == "{" for each in json.loads(secret).values()]
    echo(world, logins, old_keys(target, world))
    with contextlib.suppress(AssertionError):  # it may go on failing; what it left is what counts
        target.drive()
    search = Search([*secrets_of(world, settings), *waiting])
    search_all(search, lines, settings)
    assert not search.found, "\n".join(search.found[:40])
    # Something was there to be searched.
    assert search.searched["database"] > 20_000 and (search.searched["log"] > 100 or kind in SILENT)


BROKEN = "broken by the test, and says what it held: "


@pytest.mark.usefixtures("world")
def test_no_secret_is_left_by_signing_in_by_forms_or_by_an_error_page(
    lines: Lines, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right and wrong passwords and codes, a token and a login pasted into forms, and pages that fail with all of it in hand."""
    token = "sgp_" + "c4n4ry" * 10
    held = [PASSWORD, WRONG, TOTP, token, settings.METRICS_TOKEN, settings.SECRET_KEY, settings.SIGNING_KEY]
    search = Search([*held, *settings.SEALING_KEYS])
    alice = User.objects.get(email="alice@northwind.example")
    alice.set_password(PASSWORD)
    alice.save()
    Authenticator.objects.create(user=alice, type="totp", data={"secret": keyring.seal(TOTP)})
    browser = Browser(raise_request_exception=False)
    answers = [
        browser.post("/signin/", {"login": alice.email, "password": word}) for word in (WRONG, PASSWORD)
    ]
    code = format_hotp_value(hotp_value(TOTP, next(yield_hotp_counters_from_time())))
    answers += [browser.post("/account/2fa/authenticate/", {"code": each}) for each in ("000000", code)]
    place = Workspace.objects.order_by("pk")[0]
    answers += [
        browser.get("/", HTTP_AUTHORIZATION=f"Bearer {token}"),
        browser.post(f"/setup/connections/{place.pk}/token/", {"token": token}),
        browser.post("/account/password/change/", {"oldpassword": WRONG, "password1": PASSWORD}),
        browser.post("/requests/new/", {"addresses": f"{token} {PASSWORD}"}),
        browser.get("/metrics", HTTP_AUTHORIZATION=f"Bearer {settings.METRICS_TOKEN}"),
    ]
    monkeypatch.setattr("offboarding.web.middleware.has_nul", failing(" ".join(held)))
    typed = {"token": token, "password": PASSWORD, "code": TOTP}
    broken = browser.post(
        f"/signin/?token={token}", typed, HTTP_AUTHORIZATION=token, HTTP_COOKIE=f"x={token}"
    )
    assert broken.status_code == 500 and "page failed" in "".join(lines.lines)
    for answer in [*answers, broken]:
        if answer.status_code == 200 and answer.request["PATH_INFO"] == "/requests/new/":
            continue  # a form that was refused gives back what was typed, to the one who typed it
        search.into("page: all", answer.content)
    search_all(search, lines, settings)
    assert not search.found, "\n".join(search.found)
    assert search.searched["page"] > 5_000


@pytest.mark.usefixtures("world")
def test_no_secret_is_left_by_a_program_or_by_setting_up_a_provider(
    lines: Lines, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An API key that is used, and a client secret that is typed, tried at a provider that is not there, and kept."""
    ada, today = User.objects.get(email="ada@northwind.example"), datetime.now(UTC).date()
    role = (Role.ADMINISTRATOR,)
    key = keys.make(ada, role, "Report export", role, today + timedelta(days=9), today)
    secret = "client/secret+of=the-provider-74"
    search = Search([key, key.split("_", 2)[2], secret])
    browser = Browser(raise_request_exception=False)
    ada.set_password(PASSWORD)
    ada.save()
    browser.post("/signin/", {"login": ada.email, "password": PASSWORD})
    browser.post("/confirm-identity/", {"password": PASSWORD})
    bearer = {"Authorization": f"Bearer {key}"}
    okta = "/setup/sign-in/at/okta/"
    typed = {
        "issuer": "https://nobody.invalid",
        "client_id": "offboard",
        "secret": secret,
        "domains": "a.example",
    }
    answers = [
        browser.get("/api/v1/me", headers=bearer),
        browser.post("/api/v1/removals", headers=bearer),
        browser.post("/setup/sign-in/add/", {"name": "Okta", "kind": "oidc"}),
        browser.post(okta, {**typed, "issuer": "no address"}),
        browser.post(okta, typed),
        browser.post(f"{okta}test/"),
        browser.get(okta),
    ]
    assert answers[0].status_code == 200 and secret == keyring.open_secret(
        SignInProvider.objects.get(slug="okta").sealed_secret
    )
    monkeypatch.setattr("offboarding.web.middleware.has_nul", failing(f"{key} {secret}"))
    broken = browser.post(okta, typed, headers=bearer)
    assert broken.status_code == 500 and "page failed" in "".join(lines.lines)
    for answer in [*answers, broken]:
        search.into("page: all", answer.content)
    monkeypatch.undo()
    search_all(search, lines, settings)
    assert not search.found, "\n".join(search.found)
    assert search.searched["page"] > 5_000


def failing(said: str) -> Any:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError(BROKEN + said)

    return fail


def test_the_search_finds_every_writing_in_every_place(
    db: None, lines: Lines, settings: Any, tmp_path: Path
) -> None:
    """A search that finds nothing proves something only if it finds what was planted."""
    secret = 'pl4nted/Secret+"with=signs\\'
    wanted = writings(secret)
    assert len(wanted) == 14 and all(len(each) > 20 for each in wanted.values())
    for name, writing in wanted.items():
        around = b"before " + writing + b" behind"
        for place, data in {
            "file": around,
            "zip": packed(around),
            "zip in a zip": packed(packed(around)),
            "pdf": b"%PDF-1.7 stream\n" + zlib.compress(around) + b"endstream",
        }.items():
            search = Search([secret])
            search.into(place, data)
            assert any(f"{place}: secret 0 {name}" == each for each in search.found), (name, place)
    for pad in range(3):  # wherever it begins in what was encoded
        search = Search([secret])
        search.into("file", base64.b64encode(b"x" * pad + secret.encode() + b"yz"))
        assert search.found
    search = Search([secret])
    logging.getLogger("anybody").warning("holds %s", secret)
    mail.send_mail(f"about {secret}", "text", None, ["bob@northwind.example"])
    mail.send_mail("text", f"holds {secret}", None, ["bob@northwind.example"])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_session VALUES (%s, %s, %s)", ["k", secret[::-1], datetime.now(UTC)]
        )
    settings.EVIDENCE_ROOT, settings.METRICS_TOKEN = tmp_path, "metrics-canary"
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_text(secret.encode().hex())
    search_all(search, lines, settings)
    places = {each.partition(" ")[0] for each in search.found}
    assert places >= {"log:", "mail:", "database:", "file:"}


def packed(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.json", data)
    return out.getvalue()
