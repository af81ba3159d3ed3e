"""Speaks to the simulated workspaces behind their API's back, as the people who own them would in Segment itself."""

from __future__ import annotations

import json
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from offboarding.demo.simulators import described
from offboarding.lib.refusals import Refused

OWNER = "Workspace Owner"
PARTS = "members,owners,invites,groups,audit,tokens,warehouses,credentials"
AWAY = "The simulated workspaces do not answer. Stop the demo and start it again."


def workspaces() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask("GET", "workspaces")
    return found


def state(slug: str) -> dict[str, Any] | None:
    """None for a workspace that does not exist."""
    try:
        found: dict[str, Any] = ask("GET", f"workspaces/{quote(slug)}?parts={PARTS}")
    except LookupError:
        return None
    return found


def calls(slug: str, limit: int) -> list[dict[str, Any]]:
    """The newest calls to this workspace's API, newest first."""
    found = ask("GET", "calls?" + urlencode({"workspace": slug, "limit": limit}))
    return list(reversed(found))


def make_owner(slug: str, email: str) -> None:
    """Adds the role to what the member has. Raises Refused."""
    held = member(slug, email)["permissions"]
    given = [one for one in held if one["roleName"] != OWNER]
    ask("PUT", f"workspaces/{quote(slug)}/members/{quote(email)}", {"permissions": [*given, OWNER]})


def remove_member(slug: str, email: str) -> None:
    """Raises Refused for the last owner, as Segment does."""
    member(slug, email)
    found = state(slug) or {"owners": []}
    if found["owners"] == [email]:
        raise Refused("last-owner", f"{email} is the only Workspace Owner. Make somebody else Owner first.")
    ask("DELETE", f"workspaces/{quote(slug)}/members/{quote(email)}")


def revoke_invite(slug: str, email: str) -> None:
    ask("DELETE", f"workspaces/{quote(slug)}/invites/{quote(email)}")


def make_token(slug: str) -> str:
    made: str = ask("POST", f"workspaces/{quote(slug)}/tokens", {"level": "owner"})["token"]
    return made


def remove_token(slug: str, short_id: str) -> None:
    ask("DELETE", f"workspaces/{quote(slug)}/tokens/{quote(short_id)}")


def member(slug: str, email: str) -> dict[str, Any]:
    found: dict[str, Any] | None = ask("GET", f"workspaces/{quote(slug)}/people/{quote(email)}")["member"]
    if found is None:
        raise Refused("not-a-member", f"{email} is not a member of this workspace any more.")
    return found


def ask(method: str, path: str, body: Any = None) -> Any:
    """Raises LookupError for what does not exist, and Refused where nobody answers."""
    given = described_or_refused()
    place = urlsplit(given["url"])
    connection = HTTPConnection(place.hostname or "", place.port, timeout=10)
    headers = {"Authorization": f"Bearer {given['token']}"}
    try:
        connection.request(
            method, f"{place.path}/{path}", None if body is None else json.dumps(body), headers
        )
        answer = connection.getresponse()
        found = json.loads(answer.read())
    except (OSError, HTTPException) as error:
        raise Refused("segment-away", AWAY) from error
    finally:
        connection.close()
    if answer.status == HTTPStatus.NOT_FOUND:
        raise LookupError(path)
    if answer.status != HTTPStatus.OK:
        raise Refused("segment-refused", "The simulated workspace did not take this. Load the page again.")
    return found


def described_or_refused() -> dict[str, str]:
    try:
        found: dict[str, str] = described()["control"]
    except OSError as error:
        raise Refused("segment-away", AWAY) from error
    return found
