"""What is kept never holds a secret."""

import base64
import html
import json
import time
from hashlib import sha256
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offboarding.lib.masking import (
    DOTS,
    is_secret_name,
    mask_body,
    mask_headers,
    mask_text,
    mask_token,
    mask_url,
    secrets_in,
)

TOKEN = "sgp_" + "Zk3vQ9" * 10 + "x4c2"
PLANTED = 'c4n4ry/+"s\\é&%=x7'  # signs that every encoding writes in its own way


def fingerprint(key: str) -> str:
    return f"fp-{len(key)}"


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True),
        ("privateKeyPassphrase", True),
        ("client_secret", True),
        ("apiKey", True),
        ("api-key", True),
        ("X-Auth-Token", True),
        ("Set-Cookie", True),
        ("Authorization", True),
        ("writeKeys", True),
        ("privateKey", True),
        ("secretAccessKeyValue", True),
        ("key", False),  # labels and audiences have a key, and it is a name
        ("passwordPolicy", False),
        ("secretName", False),
        ("username", False),
        ("roleId", False),
        ("X-RateLimit-Remaining", False),
    ],
)
def test_a_name_tells_whether_its_value_is_secret(name: str, secret: bool) -> None:
    assert is_secret_name(name) is secret


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("token sgp_Abc123Def456 was used", f"token sgp_{DOTS} was used"),
        ("Authorization: Bearer abcd1234", f"Authorization: Bearer {DOTS}"),
        ("Basic dXNlcjpwYXNzd29yZA==", f"Basic {DOTS}"),
        ("id eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1 end", f"id {DOTS} end"),
        ("postgres://segment:hunter2@db.example.com/x", f"postgres://{DOTS}@db.example.com/x"),
        ("user=a&password=hunter2&b=1", f"user=a&password={DOTS}&b=1"),
        ('{"writeKeys":["abcdef12"],"a":1', f'{{"writeKeys":{DOTS},"a":1'),
        ('{"password":"hu\\"nter2","a":1', f'{{"password":{DOTS},"a":1'),
        ('"{\\"password\\":\\"hunter2\\",\\"a\\":1}"', f'"{{\\"password\\":{DOTS},\\"a\\":1}}"'),
        ("%22password%22%3A%22hunter2%22", f"%22password%22%3A{DOTS}"),
        ('<input name="api_key" value="hunter2">', f'<input name="api_key" value={DOTS}>'),
        ("<Password>hunter2</Password>", f"<Password>{DOTS}</Password>"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- ok", f"{DOTS} (PEM) ok"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE cut", f"{DOTS} (PEM)"),
    ],
)
def test_what_looks_like_a_secret_goes(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "dan+acme@example.com",
        "One or more email address was already invited to join workspace.",
        "Your plan does not include User Groups. Contact sales to upgrade to business tier.",
        "A bearer token is missing",
        "public-api-token/TJ7z8cg6",
        "eyJwYWdlVG9rZW4iOiIxIn0=",
        "https://api.segmentapis.com/users?pagination.count=200",
        "Workspace Owner",
    ],
)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    assert mask_text(text) == text


def test_masking_twice_changes_nothing_more() -> None:
    once = mask_text(f"Authorization: Bearer {TOKEN} password=hunter2 -----BEGIN KEY-----x")
    assert mask_text(once) == once


WRITINGS = {
    "plain": PLANTED,
    "percent": quote(PLANTED, safe=""),
    "percent in small letters": "".join(f"%{byte:02x}" for byte in PLANTED.encode()),
    "percent twice": quote(quote(PLANTED, safe=""), safe=""),
    "base64": base64.b64encode(PLANTED.encode()).decode(),
    "base64 from its second byte": base64.b64encode(b"x" + PLANTED.encode()).decode(),
    "base64 within a longer text": base64.b64encode(b"ab" + PLANTED.encode() + b":tail").decode(),
    "base64 for addresses": base64.urlsafe_b64encode(b"user:" + PLANTED.encode()).decode(),
    "JSON": json.dumps(PLANTED),
    "JSON with its own letters": json.dumps(PLANTED, ensure_ascii=False),
    "JSON escapes only": "".join(f"\\u{ord(sign):04x}" for sign in PLANTED),
    "HTML": html.escape(PLANTED),
    "HTML numbers": "".join(f"&#{ord(sign)};" for sign in PLANTED),
    "hexadecimal": PLANTED.encode().hex(),
}


@pytest.mark.parametrize("writing", WRITINGS.values(), ids=WRITINGS)
def test_a_known_secret_goes_in_every_writing(writing: str) -> None:
    shown = mask_text(f"before {writing} after", secrets=[PLANTED])
    assert DOTS in shown
    assert writing.strip('"=') not in shown
    assert PLANTED[:8] not in shown


def test_a_very_short_known_value_does_not_tear_up_words() -> None:
    assert mask_text("abc of the alphabet", secrets=["abc"]) == "abc of the alphabet"


def test_of_our_token_the_last_three_characters_stay() -> None:
    assert mask_token(TOKEN) == "••••4c2"
    assert mask_token("short") == DOTS


def test_headers_keep_what_is_no_secret() -> None:
    shown = mask_headers(
        {
            "Authorization": f"Bearer {TOKEN}",
            "Proxy-Authorization": "Basic abc",
            "Cookie": "a=b",
            "X-Api-Key": "k",
            "Location": f"https://x.example/cb?access_token={TOKEN}",
            "X-Echo": f"you sent {TOKEN}",
            "Retry-After": "3",
        },
        secrets=[TOKEN],
    )
    assert shown == {
        "Authorization": "Bearer ••••4c2",
        "Proxy-Authorization": DOTS,
        "Cookie": DOTS,
        "X-Api-Key": DOTS,
        "Location": f"https://x.example/cb?access_token={DOTS}",
        "X-Echo": f"you sent {DOTS}",
        "Retry-After": "3",
    }


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://a.example/sources/s1/writekey/AbC", "https://a.example/sources/s1/writekey/key:fp-3"),
        ("https://a.example/sources/s1/writekey/a%2Fb", "https://a.example/sources/s1/writekey/key:fp-3"),
        ("https://a.example/sources/s1/writekey", "https://a.example/sources/s1/writekey"),
        ("https://me:pass@a.example/users", f"https://{DOTS}@a.example/users"),
        ("https://a.example/?tokens.0=x&q=1", f"https://a.example/?tokens.0={DOTS}&q=1"),
        ("https://a.example/users?userIds.0=u1", "https://a.example/users?userIds.0=u1"),
        ("https://a.example/invites?emails.0=a%2Bb%40c.d", "https://a.example/invites?emails.0=a%2Bb%40c.d"),
        ("https://[broken/users?password=hunter2", f"https://[broken/users?password={DOTS}"),
    ],
)
def test_addresses_show_no_key_and_no_secret(url: str, masked: str) -> None:
    assert mask_url(url, fingerprint=fingerprint) == masked


def test_a_body_is_masked_by_the_names_of_its_fields() -> None:
    body = {
        "writeKeys": ["key-one", "key-two"],
        "settings": {"username": "SEG", "key": "k", "authentication": {"privateKey": "pk"}, "pin": None},
        "encryptedSettings": {"whatever": "x", "deep": {"er": "y"}},
        "function": {"code": "fetch(1)", "name": "Orders"},
        "errors": [{"code": "E12", "message": "no"}],
        "list": [{"name": "apiKey", "value": "v"}, {"key": "environment", "value": "prod"}],
        "token": {"value": ["a", 12, True]},
        "label": {"key": "environment", "value": "prod"},
    }
    assert mask_body(body, fingerprint=fingerprint) == {
        "writeKeys": ["key:fp-7", "key:fp-7"],
        "settings": {"username": "SEG", "key": DOTS, "authentication": {"privateKey": DOTS}, "pin": None},
        "encryptedSettings": {"whatever": DOTS, "deep": {"er": DOTS}},
        "function": {"code": "code:" + sha256(b"fetch(1)").hexdigest()[:16], "name": "Orders"},
        "errors": [{"code": "E12", "message": "no"}],
        "list": [{"name": "apiKey", "value": DOTS}, {"key": "environment", "value": "prod"}],
        "token": {"value": [DOTS, DOTS, True]},
        "label": {"key": "environment", "value": "prod"},
    }


def test_a_value_hidden_in_one_field_is_hidden_wherever_the_body_repeats_it() -> None:
    body = {"writeKeys": ["AbCdEf123456"], "note": "load('AbCdEf123456')", "AbCdEf123456": 1}
    shown = mask_body(body, fingerprint=fingerprint)
    assert shown == {"writeKeys": ["key:fp-12"], "note": f"load('{DOTS}')", DOTS: 1}


def test_names_that_become_equal_by_masking_both_stay() -> None:
    assert mask_body({"sgp_aaaa1": 1, "sgp_bbbb2": 2}) == {f"sgp_{DOTS}": 1, f"sgp_{DOTS} (2)": 2}


PIECES = (
    "abc", "Bearer ", "sgp_Abcd1234", "://", "@", "password=", '"', "\\", "%22", "&amp;", "\x00", "\ud800", "\n", "é", "İ",
    "<token>", "</", "value=", "eyJabcdefgh.abcd.", "-----BEGIN A-----", PLANTED, quote(PLANTED), PLANTED.encode().hex(),
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=4).map("".join)


@given(st.dictionaries(st.sampled_from(["id", "name", "email", "x"]), st.lists(TEXTS, max_size=4)))
def test_all_texts_of_a_body_together_are_masked_like_each_by_itself(body: dict[str, list[str]]) -> None:
    each = {name: [mask_text(text, secrets=[PLANTED]) for text in texts] for name, texts in body.items()}
    assert mask_body(body, secrets=[PLANTED]) == each


def test_a_body_without_anything_to_hide_is_not_copied() -> None:
    """A page of a list of members is long, and masking it is most of what a call costs us."""
    page = {"data": {"users": [{"id": "u1", "name": "Zoé", "email": "zoe@northwind.example", "n": 1.5}]}}
    assert mask_body(page, secrets=[TOKEN]) is page
    assert mask_body({**page, "token": "x"}, secrets=[TOKEN]) is not page


def test_only_what_hides_something_is_copied() -> None:
    body = {"sources": [{"name": "Web", "writeKeys": ["k" * 20]}, {"name": "App", "labels": ["a", "b"]}]}
    masked = mask_body(body)
    assert masked == {"sources": [{"name": "Web", "writeKeys": [DOTS]}, body["sources"][1]]}
    assert masked["sources"][1] is body["sources"][1]


def test_one_object_in_two_places_is_hidden_where_its_name_says_so() -> None:
    shared = {"value": "hunter22"}
    assert mask_body({"other": [shared], "settings": [shared]}) == {
        "other": [{"value": DOTS}],
        "settings": [{"value": DOTS}],
    }


def test_a_secret_that_another_part_repeats_is_hidden_there_too() -> None:
    body = {"writeKey": "k" * 20, "notes": [{"text": f"the key is {'k' * 20}"}]}
    assert mask_body(body) == {"writeKey": DOTS, "notes": [{"text": f"the key is {DOTS}"}]}


def test_the_secrets_of_a_body_can_be_had_to_look_for_them_elsewhere() -> None:
    body = {"settings": {"password": "hunter2", "port": "5439"}, "writeKeys": ["k1"], "name": "x"}
    assert secrets_in(body) == {"hunter2", "k1"}


def test_every_masked_text_can_be_stored_in_any_database() -> None:
    shown = mask_body({"a": "x\x00y", "b": "\ud800", "c": "dé 🙂"})
    assert shown == {"a": "x␀y", "b": "?", "c": "dé 🙂"}


def test_a_body_nested_beyond_reason_is_cut_and_not_shown() -> None:
    body: object = TOKEN
    for _ in range(900):
        body = [body]
    assert TOKEN not in json.dumps(mask_body(body))


def test_a_secret_at_the_cut_of_a_long_text_does_not_show_its_first_half() -> None:
    for offset in range(0, 80, 7):
        text = "x" * (1000 + 8000 - offset) + TOKEN + "y" * 9000
        assert TOKEN[:8] not in mask_text(text, longest=1000, secrets=[TOKEN])


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN" * 10_000,
        "password" * 12_000,
        "<a name='password' value=" * 4_000,
        "<" + "password'" * 11_000,
        "eyJ" * 33_000,
        "://a" * 25_000,
        "bearer " * 14_000 + "-" * 2_000,
        'secret=\\"' * 11_000,
        "password" + " " * 99_000,
        "token" + "\\" * 99_000,
    ],
    ids=lambda text: text[:12],
)
def test_no_text_makes_masking_slow(text: str) -> None:
    begun = time.process_time()
    mask_text(text, secrets=[TOKEN])
    assert time.process_time() - begun < 2
