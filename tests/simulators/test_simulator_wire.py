"""Encodings, envelope, media types, pages."""

import base64
from urllib.parse import quote

import pytest

from tests.simulators.conftest import Small, Start

GIVEN = {  # how official clients write two addresses and a page
    "dot": ("emails.0=Pending%40small.example", "pagination.count=1&pagination.cursor=MQ%3D%3D"),
    "bracket": ("emails%5B0%5D=Pending%40small.example", "pagination%5Bcount%5D=1&pagination[cursor]=MQ=="),
    "json": ('emails=["Pending@small.example"]', "pagination=" + quote('{"count": 1, "cursor": "MQ=="}')),
    "repeated": ("emails=Pending%40small.example", "pagination.count=1&pagination.cursor=MQ=="),
}


@pytest.mark.parametrize("form", GIVEN)
def test_each_encoding_of_official_clients_is_read(small: Small, form: str) -> None:
    array, page = GIVEN[form]
    assert [user["name"] for user in small.api.get(f"/users?{page}").data["users"]] == ["Dan Reyes"]
    assert small.api.call("DELETE", "/invites?" + array.replace('"', "%22")).data == {"status": "SUCCESS"}
    assert small.api.get("/invites").data["invites"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/users?pagination.count=1", 200),
        ("GET", "/users?pagination[count]=1", 200),
        ("GET", "/users?pagination=%7B%22count%22%3A1%7D", 422),
        ("DELETE", "/invites?emails=Pending%40small.example", 422),
        ("DELETE", "/invites?emails=%5B%22Pending%40small.example%22%5D", 422),
        ("GET", "/users?count=1", 422),
        ("DELETE", "/invites?emails.0=Pending%40small.example", 200),
    ],
)
def test_strict_mode_takes_dot_and_bracket_only(start: Start, method: str, path: str, status: int) -> None:
    assert start(strict=True).api.call(method, path).status == status


@pytest.mark.parametrize(
    "query",
    ["", "emails.0=", "emails.1=Pending%40small.example", "emails.0=Pending%40small.example&emails.2=x"],
    ids=["absent", "empty", "starts at 1", "gap"],
)
def test_an_array_without_values_or_with_gaps_is_refused(small: Small, query: str) -> None:
    answer = small.api.call("DELETE", f"/invites?{query}")
    assert (answer.status, answer.error["type"]) == (422, "input-validation")
    assert small.api.get("/invites").data["invites"] == ["Pending@small.example"]


def test_a_bare_plus_means_a_space(small: Small) -> None:
    small.control.put_invite("small", "a+b@small.example")
    assert small.api.call("DELETE", "/invites?emails.0=a+b@small.example").status == 404
    assert small.api.call("DELETE", "/invites?emails.0=a%2Bb@small.example").status == 200


@pytest.mark.parametrize(
    ("page", "status"),
    [("count=1", 200), ("count=1000", 200), ("count=0", 422), ("count=1001", 422), ("count=x", 422),
     ("cursor=MA==", 422), ("count=1&pagination.cursor=nonsense", 422)],
)  # fmt: skip
def test_a_page_needs_a_count_from_1_to_1000_and_a_cursor_of_ours(
    small: Small, page: str, status: int
) -> None:
    assert small.api.get(f"/users?pagination.{page}").status == status


def test_next_is_left_out_on_the_last_page(small: Small) -> None:
    first = small.api.get("/users?pagination.count=2").data["pagination"]
    assert first == {"current": "MA==", "next": base64.b64encode(b"2").decode(), "totalEntries": 3}
    last = small.api.get(f"/users?pagination.count=2&pagination.cursor={quote(first['next'])}").data[
        "pagination"
    ]
    assert "next" not in last


def test_nobody_is_skipped_when_somebody_leaves_between_two_pages(small: Small) -> None:
    cursor = small.api.get("/users?pagination.count=1").data["pagination"]["next"]
    small.control.take_member("small", "olive@small.example")
    rest = small.api.get(f"/users?pagination.count=10&pagination.cursor={quote(cursor)}").data["users"]
    assert [user["name"] for user in rest] == ["Dan Reyes", ""]


@pytest.mark.parametrize(
    ("accept", "path", "status", "media"),
    [
        ("application/json", "/users", 200, "application/vnd.segment.v1+json"),
        ("application/vnd.segment.stable+json", "/users", 200, "application/vnd.segment.v1+json"),
        ("application/vnd.segment.v1alpha+json", "/users", 200, "application/vnd.segment.v1alpha+json"),
        (
            "application/vnd.segment.beta+json, application/json",
            "/users",
            200,
            "application/vnd.segment.v1beta+json",
        ),
        ("application/json", "/spaces", 200, "application/vnd.segment.v1alpha+json"),
        (
            "application/vnd.segment.v1+json, application/json",
            "/spaces",
            200,
            "application/vnd.segment.v1alpha+json",
        ),
        ("application/vnd.segment.v1+json", "/spaces", 400, "application/vnd.segment.v1+json"),
        ("application/vnd.segment.v1alpha+json", "/credentials", 400, "application/vnd.segment.v1+json"),
        ("*/*", "/credentials", 200, "application/vnd.segment.v1+json"),
    ],
)
def test_the_version_comes_from_accept(small: Small, accept: str, path: str, status: int, media: str) -> None:
    answer = small.api.get(path, Accept=accept)
    assert (answer.status, answer.headers["content-type"]) == (status, media)


def test_an_unknown_address_and_an_unknown_record_are_both_not_found(small: Small) -> None:
    for path in ("/user", "/v1/users", "/users/nobody", "/sources/none/connected-destinations"):
        answer = small.api.get(path)
        assert (answer.status, answer.json.keys()) == (404, {"errors"}), path


def test_a_token_works_only_in_its_own_region(start: Start) -> None:
    european = start(region="EU")
    assert european.api.get("/").data["workspace"]["slug"] == "small"
    european.api.place = european.api.place._replace(
        netloc=european.simulator.base_url.removeprefix("http://")
    )
    assert european.api.get("/").status == 401


@pytest.mark.parametrize("header", ["", "Bearer sgp_wrong", "Basic abc"])
def test_a_call_without_a_good_token_is_unauthorized(small: Small, header: str) -> None:
    assert small.api.get("/", Authorization=header).status == 401


def test_a_body_that_is_no_json_object_is_refused(small: Small) -> None:
    assert small.api.call("POST", "/invites", body="{").status == 400
    assert small.api.call("POST", "/invites", body="[]").status == 422


def test_a_body_over_25_mb_is_refused_unread(small: Small) -> None:
    assert (
        small.api.call("POST", "/invites", body=None, Content_Length=str(25 * 1024 * 1024 + 1)).status == 413
    )


def test_the_echo_fails_as_it_is_told(small: Small) -> None:
    assert small.api.get("/echo?message=hello").data["message"] == "hello"
    assert small.api.get("/echo?message=no&triggerError=true&statusCode=409").status == 409
    assert small.api.get("/echo?message=no&triggerUnexpectedError=true").status == 500
