"""What is recorded of a call: all of it, and no secret."""

import base64
import dataclasses
import html
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from gateway_support import TOKEN, fingerprint

from offboarding.gateways.segment import (
    Declined,
    Exchange,
    GatewayError,
    NotThere,
    SegmentGateway,
    protocol,
)

On = Callable[..., SegmentGateway]
KEY = "wkCanary7Rz0aLm3NpX8vYtB2sDcEg5H"
PASSWORD = 'p4ss/+"wörd\\&%=!'
OTHER_KEY = "wkStrange9Lk8Jh7Gf6Ds5Aq4We3Rt2Y"
CODE = "async function onRequest(request) { const secretThing = 'cd-canary-99' }"
PEM = "-----BEGIN PRIVATE KEY-----\nMIICanaryCanaryCanary\n-----END PRIVATE KEY-----"


def said_back(secret: str) -> list[str]:
    """Every way in which a server may say a secret back."""
    raw = secret.encode()
    packed = [base64.b64encode(before + raw + b":end").decode() for before in (b"", b"u", b"ab", b"x:y")]
    return [
        *packed,
        base64.urlsafe_b64encode(b"u:" + raw).decode(),
        secret,
        quote(secret),
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        raw.hex(),
    ]


def traces(secret: str) -> set[str]:
    """What must not be found: the whole, and of a packed one the middle: its ends hold neighbours too."""
    whole = said_back(secret)
    return {text[4:-8] for text in whole[:5]} | set(whole[5:])


def places(secret: str) -> list[httpx.Response]:
    """Answers that say the secret back: in texts, names, lists, headers, pages, half JSON."""
    said = [f"you sent {writing} here" for writing in said_back(secret)]
    safe = quote(secret, safe="")
    page = "<br>".join(html.escape(each) for each in said)
    error = {"type": secret, "message": f"bad {secret}", "data": {"v": secret}}
    return [
        httpx.Response(200, json={"data": {"status": "SUCCESS", "said": said, secret: {"deep": [[secret]]}}}),
        httpx.Response(400, json={"errors": [error]}),
        httpx.Response(502, html=f"<html><body>{page}</body></html>"),
        httpx.Response(200, text='{"data": {"said": "' + json.dumps(secret)[1:-1]),
        httpx.Response(302, headers={"location": f"https://x.example/{safe}?back={safe}", "x-said": safe}),
        httpx.Response(500, content=b"\xff\xfe" + secret.encode() + b"\x00"),
    ]


CALLS: dict[str, tuple[str, Callable[[SegmentGateway], Any]]] = {
    "the token": (TOKEN, lambda gateway: gateway.remove_member("u1")),
    "a key in the path": (KEY, lambda gateway: gateway.remove_write_key("s1", KEY)),
    "a key with odd signs in the path": (PASSWORD, lambda gateway: gateway.remove_write_key("s1", PASSWORD)),
    "a password in the body": (
        PASSWORD,
        lambda gateway: gateway.update_warehouse("w1", {"authentication": {"password": PASSWORD}}),
    ),
}


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize(("secret", "call"), CALLS.values(), ids=CALLS)
def test_no_writing_of_a_planted_secret_survives_in_the_record(
    on: On, exchanges: list[Exchange], secret: str, call: Callable[[SegmentGateway], Any], number: int
) -> None:
    try:
        call(on(lambda _: places(secret)[number]))
    except GatewayError as error:
        caught = f"{error.sentence} {error!r} {vars(error)}"
    else:
        caught = ""
    assert exchanges
    for exchange in exchanges:
        fields = dataclasses.asdict(exchange)
        kept = [
            caught,
            repr(exchange),
            str(fields),
            json.dumps(fields),
            json.dumps(fields, ensure_ascii=False),
        ]
        assert [trace for trace in traces(secret) for text in kept if trace in text] == []


def test_secrets_that_only_the_answer_knows_are_hidden_by_field_and_by_look(
    on: On, exchanges: list[Exchange]
) -> None:
    source = {
        "id": "s1",
        "slug": "web",
        "writeKeys": [OTHER_KEY],
        "settings": {
            "apiKey": "ap-canary-1",
            "nested": [{"client_secret": "cs-canary-2"}],
            "note": f"use {OTHER_KEY}",
        },
        "function": {"code": CODE, "settings": [{"name": "pass", "value": "fv-canary-3"}]},
        "credential": {"authentication": {"privateKey": PEM, "privateKeyPassphrase": "pp-canary-4"}},
        "text": f"{PEM} sgp_Other0Token1Of2Somebody Bearer abcdef0123456789",
        "headers": {"authorization": f"Bearer {TOKEN}", "Cookie": "ck-canary-5"},
    }
    on(lambda _: httpx.Response(200, json={"data": {"source": source}})).source("s1")
    kept = repr(exchanges[0])
    for secret in ("canary", "Canary", OTHER_KEY, "Other0Token", "abcdef0123456789", TOKEN):
        assert secret not in kept
    assert f"key:{fingerprint(OTHER_KEY)}" in kept
    assert "web" in kept


def test_the_record_still_says_which_key_and_which_token(on: On, exchanges: list[Exchange]) -> None:
    gateway = on(lambda _: httpx.Response(200, json={"data": {"status": "SUCCESS"}}))
    gateway.remove_write_key("s1", KEY)
    assert exchanges[0].url.endswith(f"/sources/s1/writekey/key:{fingerprint(KEY)}")
    assert exchanges[0].request_headers["Authorization"] == "Bearer ••••4c2"


def test_a_record_is_whole(on: On, exchanges: list[Exchange]) -> None:
    gateway = on(
        lambda _: httpx.Response(404, json={"errors": [{"type": "not-found"}]}, headers={"X-Id": "r-1"})
    )
    with pytest.raises(GatewayError) as caught:
        gateway.remove_member("u1")
    exchange = exchanges[0]
    assert caught.value.exchange is exchange
    assert (exchange.method, exchange.status, exchange.error) == ("DELETE", 404, None)
    assert exchange.url == "https://api.segmentapis.com/users?userIds.0=u1"
    assert exchange.response_headers["x-id"] == "r-1"
    assert exchange.response_body == {"errors": [{"type": "not-found"}]}
    assert exchange.started_at.endswith("Z")
    assert exchange.elapsed_ms >= 0
    assert json.loads(json.dumps(dataclasses.asdict(exchange))) == dataclasses.asdict(exchange)


def test_a_call_can_be_recorded_before_it_is_sent(on: On, exchanges: list[Exchange]) -> None:
    gateway = on(lambda _: httpx.Response(200, json={"data": {"warehouse": {"id": "w1"}}}))
    before = gateway.preview(protocol.update_warehouse("w1", {"password": PASSWORD, "username": "u"}))
    assert exchanges == []
    gateway.update_warehouse("w1", {"password": PASSWORD, "username": "u"})
    after = exchanges[0]
    assert (before.method, before.url, before.request_body) == (after.method, after.url, after.request_body)
    assert (before.status, before.response_body) == (None, None)
    assert before.request_body == {"settings": {"password": "••••", "username": "u"}}


def test_printing_what_the_gateway_is_made_of_shows_no_secret(on: On) -> None:
    gateway = on(lambda _: httpx.Response(500))
    request = protocol.remove_write_key("s1", KEY)
    change = protocol.update_warehouse("w1", {"password": PASSWORD})
    for thing in (gateway, request, change):
        assert KEY not in repr(thing)
        assert PASSWORD not in repr(thing)
        assert TOKEN not in repr(thing)


def test_plain_keys_come_from_adding_or_naming_a_key_and_from_nowhere_else(on: On) -> None:
    source = {"id": "s1", "slug": "web", "writeKeys": [OTHER_KEY, KEY]}
    answer = {"source": source, "sources": [source], "warehouses": []}
    gateway = on(lambda _: httpx.Response(200, json={"data": answer}))
    for found in (gateway.source("s1"), gateway.sources(), gateway.consumers("c1")):
        assert OTHER_KEY not in repr(found)
        assert fingerprint(OTHER_KEY) in repr(found)
    added, keys = gateway.add_write_key("s1")
    assert OTHER_KEY not in repr(added)
    assert keys == {fingerprint(OTHER_KEY): OTHER_KEY, fingerprint(KEY): KEY}
    assert gateway.write_key("s1", fingerprint(KEY)) == KEY


def test_a_key_is_removed_by_its_fingerprint_and_stays_inside(on: On, exchanges: list[Exchange]) -> None:
    source = {"id": "s1", "slug": "web", "writeKeys": [OTHER_KEY, KEY]}
    gateway = on(lambda _: httpx.Response(200, json={"data": {"source": source, "status": "SUCCESS"}}))
    removal = gateway.key_removal("s1", fingerprint(KEY))
    assert removal.request.url.endswith(f"/sources/s1/writekey/key:{fingerprint(KEY)}")
    assert KEY not in repr(removal) and KEY not in repr(removal.make)
    removal.make()
    assert [each.method for each in exchanges] == ["GET", "DELETE"]
    assert KEY not in json.dumps([dataclasses.asdict(each) for each in exchanges])


@pytest.mark.parametrize(
    ("keys", "error", "because"),
    [
        ([KEY], Declined, "the last key of a source stays"),
        ([OTHER_KEY], NotThere, "a key that is not listed is not removed"),
        ([], NotThere, "a token that sees no keys removes none"),
        (None, NotThere, "the same, where Segment leaves the list out"),
    ],
)
def test_a_key_that_cannot_go_is_not_asked_to(
    on: On, exchanges: list[Exchange], keys: list[str] | None, error: type[Exception], because: str
) -> None:
    source = {"id": "s1", "slug": "web", "writeKeys": keys}
    gateway = on(lambda _: httpx.Response(200, json={"data": {"source": source}}))
    with pytest.raises(error):
        gateway.key_removal("s1", fingerprint(KEY))
    assert [each.method for each in exchanges] == ["GET"], because


def test_texts_that_no_database_takes_are_cleaned_on_receipt(on: On, exchanges: list[Exchange]) -> None:
    body = b'{"data": {"users": [{"id": "u1", "name": "a\\u0000b\\ud800", "email": "a@b.c"}]}}'
    [member] = on(lambda _: httpx.Response(200, content=body)).members()
    assert member.name == "a␀b?"
    assert "\\u0000" not in json.dumps(dataclasses.asdict(exchanges[0]))


def test_the_protocol_touches_no_socket() -> None:
    """In an interpreter of its own, where the first touch of a socket and each import of httpx would fail."""
    program = """
import sys, types
def watch(event, _):
    if event.startswith("socket."):
        raise SystemExit(event)
sys.addaudithook(watch)
sys.modules["httpx"] = sys.modules["httpcore"] = None
sys.path.insert(0, sys.argv[1])
package = types.ModuleType("offboarding.gateways.segment")  # without the gateway, which does import httpx
package.__path__ = [sys.argv[1] + "/offboarding/gateways/segment"]
sys.modules["offboarding.gateways.segment"] = package
from datetime import UTC, datetime
from offboarding.gateways.segment import protocol
request = protocol.remove_member("u+1")
assert request.target == "/users?userIds.0=u%2B1", request.target
assert protocol.read(request, 200, {}, b'{"data": {"status": "SUCCESS"}}', datetime.now(UTC)) is None
"""
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", program, root], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
