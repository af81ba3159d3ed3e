"""One family of errors, named by what the caller does next."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from offboarding.gateways.segment import (
    Declined,
    Doubtful,
    Exchange,
    GatewayError,
    NotAllowed,
    NotReached,
    NotThere,
    SegmentGateway,
    SlowDown,
    TokenRefused,
)

On = Callable[..., SegmentGateway]
LIVE = {"data": {"workspace": {"id": "w1", "slug": "acme", "name": "Acme"}}}


def error(message: str = "", **more: Any) -> dict[str, Any]:
    return {"errors": [{"type": "bad-request", "message": message} | more]}


def refusing(status: int, message: str = "", root: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    """Every call gets the status, `GET /` gets `root`."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/":
            return httpx.Response(root, json=LIVE if root == 200 else error("no"))
        return httpx.Response(status, json=error(message))

    return answer


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("root", "expected"),
    [(200, NotAllowed), (401, TokenRefused), (403, TokenRefused), (429, SlowDown), (500, NotReached)],
)
def test_a_refused_token_is_told_apart_from_a_missing_permission(
    on: On, exchanges: list[Exchange], status: int, root: int, expected: type[GatewayError]
) -> None:
    with pytest.raises(GatewayError) as caught:
        on(refusing(status, root=root)).remove_member("u1")
    assert type(caught.value) is expected
    assert [exchange.status for exchange in exchanges] == [status, root]


def test_the_refused_call_itself_hangs_on_the_error(on: On) -> None:
    with pytest.raises(TokenRefused) as caught:
        on(refusing(401, root=401)).remove_member("u1")
    assert caught.value.exchange is not None
    assert caught.value.exchange.method == "DELETE"


def test_the_test_of_a_connection_says_at_once_that_the_token_is_dead(
    on: On, exchanges: list[Exchange]
) -> None:
    with pytest.raises(TokenRefused):
        on(refusing(200, root=401)).workspace()
    assert len(exchanges) == 1


@pytest.mark.parametrize(
    "message",
    [
        "Only Workspace Owners can remove users",
        "Current user does not have permission",
        "You may edit your own profile only",
        "Sign in through your identity provider first",
        "Your plan does not include the audit trail",
    ],
)
def test_words_about_the_token_are_no_refusal_of_the_person(on: On, message: str) -> None:
    with pytest.raises(NotAllowed):
        on(refusing(403, message)).remove_member("u1")


REFUSALS = [
    # status, message, kind, where the words come from
    (400, "Cannot remove the last workspace owner", "last-owner", "plain"),
    (403, "A workspace must have at least one Workspace Owner", "last-owner", "as a forbidden call"),
    (409, "Unable to delete: only remaining owner of this workspace", "last-owner", "as a conflict"),
    (422, "You can not remove yourself from a workspace", "own-account", "the button in the app"),
    (401, "You cannot delete your own account", "own-account", "as a refused call"),
    (
        403,
        "User is managed by SCIM and must be removed in the identity provider",
        "scim-managed",
        "the greyed button",
    ),
    (400, "This user was provisioned through Okta", "scim-managed", "without the word SCIM"),
    (
        400,
        "One or more email address was already invited to join workspace.",
        "already-invited",
        "seen on a live workspace",
    ),
    (
        400,
        "Your plan does not include User Groups. Contact sales to upgrade to business tier.",
        "no-such-feature",
        "seen on a live workspace",
    ),
    (409, "Credential is in use by 2 warehouses", "in-use", "documented for credentials"),
    (409, "", "other", "a conflict without a word"),
    (422, "pagination.count must be between 1 and 1000", "invalid", "validation"),
    (413, "", "invalid", "too large"),
    (400, "bad request", "invalid", "nothing more known"),
    (418, "teapot", "other", "a status nobody told us of"),
]


@pytest.mark.parametrize(
    ("status", "message", "kind", "_why"), REFUSALS, ids=[f"{r[0]} {r[2]}: {r[3]}" for r in REFUSALS]
)
def test_a_refusal_is_recognised_by_its_words(
    on: On, status: int, message: str, kind: str, _why: str
) -> None:
    with pytest.raises(Declined) as caught:
        on(refusing(status, message)).remove_member("u1")
    assert caught.value.kind == kind
    assert caught.value.message == (message or "bad-request")
    assert message in caught.value.sentence


def test_groups_on_a_plan_without_them_are_a_missing_feature(on: On) -> None:
    plan = "Your plan does not include User Groups. Contact sales to upgrade to business tier."
    with pytest.raises(Declined) as caught:
        on(refusing(400, plan)).groups()
    assert caught.value.kind == "no-such-feature"


@pytest.mark.parametrize(("status", "expected"), [(404, NotThere), (410, NotThere)])
def test_what_is_not_there_has_its_own_error(on: On, status: int, expected: type[GatewayError]) -> None:
    with pytest.raises(expected):
        on(refusing(status, "Resource not found")).member("u1")


DOUBTFUL = {
    "server error": httpx.Response(500, json=error("oops")),
    "bad gateway as a page": httpx.Response(502, text="<html>Bad Gateway</html>"),
    "request timeout at their side": httpx.Response(408),
    "redirect to elsewhere": httpx.Response(302, headers={"location": "https://elsewhere.example/"}),
    "permanent redirect": httpx.Response(308, headers={"location": "https://elsewhere.example/"}),
    "page with status 200": httpx.Response(200, html="<html>Sign in</html>"),
    "nothing with status 200": httpx.Response(200),
    "no content": httpx.Response(204),
    "half of a JSON": httpx.Response(200, text='{"data": {"status": "SUC'),
    "JSON that is no envelope": httpx.Response(200, json=["SUCCESS"]),
    "no data": httpx.Response(200, json={"status": "SUCCESS"}),
    "errors with status 200": httpx.Response(200, json={"data": {"status": "SUCCESS"}} | error("no")),
    "another status word": httpx.Response(200, json={"data": {"status": "PENDING"}}),
    "nested beyond reason": httpx.Response(200, text="[" * 100_000),
    "a number that is none": httpx.Response(200, text='{"data": {"status": "SUCCESS", "n": NaN}}'),
    "not UTF-8": httpx.Response(200, content=b'{"data": {"status": "\xff"}}'),
    "packed, but cut": httpx.Response(
        200, stream=httpx.ByteStream(b"\x1f\x8b\x08\x00"), headers={"content-encoding": "gzip"}
    ),
}


@pytest.mark.parametrize("answer", DOUBTFUL.values(), ids=DOUBTFUL)
def test_the_effect_of_a_change_without_a_clear_answer_is_unknown(
    on: On, exchanges: list[Exchange], answer: httpx.Response
) -> None:
    with pytest.raises(Doubtful, match="not known"):
        on(lambda _: answer).remove_member("u1")
    assert len(exchanges) == 1
    assert exchanges[0].error


def test_a_read_without_a_clear_answer_says_only_that_it_was_not_read(on: On) -> None:
    with pytest.raises(Doubtful) as caught:
        on(lambda _: httpx.Response(503)).workspace()
    assert caught.value.sentence == "Segment could not be read: it answered with status 503."


WAITS = [
    ({"retry-after": "7"}, {}, 7.0, "the header in seconds goes first"),
    ({"retry-after": "7"}, {"data": {"msBeforeNext": 900}}, 7.0, "even before the body"),
    ({}, {"data": {"msBeforeNext": 1500}}, 1.5, "then the body"),
    (
        {"x-ratelimit-reset": "Sun, 06 Nov 1994 08:49:49 GMT", "date": "Sun, 06 Nov 1994 08:49:37 GMT"},
        {},
        12.0,
        "then the reset, by the server's own clock",
    ),
    ({"x-ratelimit-reset": "30"}, {}, 30.0, "a reset in seconds"),
    ({}, {}, 5.0, "nothing said"),
    ({"retry-after": "-3"}, {}, 0.0, "the past"),
    ({"retry-after": "soon"}, {"data": {"msBeforeNext": 100}}, 0.1, "no number"),
    ({"retry-after": "nan"}, {}, 5.0, "not a number, in words"),
    ({"retry-after": "1e300"}, {}, 86_400.0, "never longer than the longest window"),
    (
        {"retry-after": "Sun, 06 Nov 1994 08:49:40 GMT", "date": "Sun, 06 Nov 1994 08:49:37 GMT"},
        {},
        3.0,
        "as a date",
    ),
]


@pytest.mark.parametrize(("headers", "more", "wait", "_why"), WAITS, ids=[row[3] for row in WAITS])
def test_a_limited_rate_says_how_long_to_wait(
    on: On, headers: dict[str, str], more: dict[str, Any], wait: float, _why: str
) -> None:
    with pytest.raises(SlowDown) as caught:
        on(lambda _: httpx.Response(429, headers=headers, json=error("Too many", **more))).remove_member("u1")
    assert caught.value.retry_after == pytest.approx(wait)


UNSENT = [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")]
UNCLEAR = [
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.ReadError("reset by peer"),
    httpx.WriteError("broken pipe"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
]


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [(each, NotReached) for each in UNSENT] + [(each, Doubtful) for each in UNCLEAR],
    ids=repr,
)
def test_not_sent_and_sent_without_an_answer_are_different_things(
    on: On, exchanges: list[Exchange], trouble: Exception, expected: type[GatewayError]
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise trouble

    with pytest.raises(GatewayError) as caught:
        on(answer).remove_member("u1")
    assert type(caught.value) is expected
    assert caught.value.exchange == exchanges[0]
    assert (exchanges[0].status, bool(exchanges[0].error)) == (None, True)


@pytest.mark.parametrize("token", ["", " sgp_abc", "sgp_abc\n", "sgp_äbc", "sgp\x00abc"])
def test_a_token_pasted_wrong_is_refused_before_anything_is_sent(
    token: str, exchanges: list[Exchange]
) -> None:
    gateway = SegmentGateway(
        "https://api.segmentapis.com",
        token,
        fingerprint=str,
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json=LIVE)),
        on_exchange=exchanges.append,
    )
    with gateway, pytest.raises(TokenRefused, match="Paste it again"):
        gateway.workspace()
    assert exchanges == []


@pytest.mark.parametrize(
    "base", ["", "api.segmentapis.com", "ftp://api.segmentapis.com", "https://[bad", "https://"]
)
def test_an_address_that_cannot_be_called_is_not_reached(base: str) -> None:
    with SegmentGateway(base, "sgp_abc", fingerprint=str) as gateway, pytest.raises(NotReached):
        gateway.workspace()


def test_every_error_has_a_sentence_for_people() -> None:
    for kind in (NotReached, TokenRefused, NotAllowed, NotThere, Doubtful):
        assert str(kind("Segment said no.")) == kind("Segment said no.").sentence == "Segment said no."
        assert kind("x").exchange is None
