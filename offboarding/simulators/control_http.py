"""The control API: JSON under `/_control/`, with the control token of the `--describe` file as bearer.

| call | does |
|---|---|
| GET /_control/health | answers without a token |
| GET /_control/workspaces | all in brief |
| GET /_control/workspaces/{ref}?parts=members,keys | state |
| PATCH /_control/workspaces/{ref} | settings: features, answers, scim, audit_delay, token_refused, plan |
| GET /_control/workspaces/{ref}/people/{email} | where the address stands |
| POST /_control/workspaces/{ref}/members | {"email", "name"?, "permissions"?, "groups"?}: puts somebody in |
| PUT, DELETE /_control/workspaces/{ref}/members/{email} | {"permissions"}: another owner does it |
| POST /_control/workspaces/{ref}/invites | {"email"} |
| DELETE /_control/workspaces/{ref}/invites/{email} | |
| POST /_control/workspaces/{ref}/invites/{email}/accept | {"keep_listed"?} |
| POST /_control/workspaces/{ref}/sign-in | {"email"} |
| PUT, DELETE /_control/workspaces/{ref}/assigned/{email} | at the workspace's provider |
| POST /_control/workspaces/{ref}/tokens | {"level"?}: an owner makes a token |
| DELETE /_control/workspaces/{ref}/tokens/{id} | an owner removes the token with this short id |
| POST /_control/workspaces/{ref}/volume | {"source", "factor", "since"?} |
| GET, POST, DELETE /_control/trouble; DELETE /_control/trouble/{key} | rules |
| GET, DELETE /_control/calls?workspace=&method=&path=&status=&since=&limit= | log of calls |
| GET /_control/counters | calls by workspace, method, route, status |
| GET, PUT /_control/clock | {"offset": seconds} |
| PUT /_control/limits | {"iam_write": 60} |
| POST /_control/reset | the world as it was made |
| GET, PUT /_control/world | all changes since it was made; put back as they were got, with an empty log |
"""

import hmac
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

from offboarding.simulators.control import PARTS, Control
from offboarding.simulators.server import Reply, Request

Json = dict[str, Any]
PREFIX = "/_control/"
Act = Callable[[Control, dict[str, str], Json], Any]


def parts(given: Json) -> tuple[str, ...]:
    wanted = tuple(name for name in str(given.get("parts", "")).split(",") if name)
    if set(wanted) - set(PARTS):
        raise ValueError(f"parts are {', '.join(PARTS)}")
    return wanted or PARTS


def clock(control: Control, path: dict[str, str], given: Json) -> Json:
    if "offset" in given:
        control.set_clock(float(given["offset"]))
    return {"offset": control.clock.offset, "now": control.clock.now()}


ACTS: tuple[tuple[str, str, Act], ...] = (
    ("GET", "workspaces", lambda c, p, g: c.workspaces()),
    ("GET", "workspaces/{ref}", lambda c, p, g: c.state(p["ref"], parts(g))),
    ("PATCH", "workspaces/{ref}", lambda c, p, g: c.change(p["ref"], g)),
    ("GET", "workspaces/{ref}/people/{email}", lambda c, p, g: c.person(p["ref"], p["email"])),
    ("POST", "workspaces/{ref}/members", lambda c, p, g: c.put_member(p["ref"], g)),
    ("PUT", "workspaces/{ref}/members/{email}",
     lambda c, p, g: c.set_permissions(p["ref"], p["email"], g["permissions"])),
    ("DELETE", "workspaces/{ref}/members/{email}", lambda c, p, g: c.take_member(p["ref"], p["email"])),
    ("POST", "workspaces/{ref}/invites", lambda c, p, g: c.put_invite(p["ref"], g["email"])),
    ("DELETE", "workspaces/{ref}/invites/{email}", lambda c, p, g: c.drop_invite(p["ref"], p["email"])),
    ("POST", "workspaces/{ref}/invites/{email}/accept",
     lambda c, p, g: c.accept_invite(p["ref"], p["email"], keep_listed=bool(g.get("keep_listed")))),
    ("POST", "workspaces/{ref}/sign-in", lambda c, p, g: c.sign_in(p["ref"], g["email"])),
    ("PUT", "workspaces/{ref}/assigned/{email}", lambda c, p, g: c.assign(p["ref"], p["email"])),
    ("DELETE", "workspaces/{ref}/assigned/{email}", lambda c, p, g: c.assign(p["ref"], p["email"], False)),
    ("DELETE", "workspaces/{ref}/tokens/{id}", lambda c, p, g: c.remove_token(p["ref"], p["id"])),
    ("POST", "workspaces/{ref}/tokens", lambda c, p, g: c.make_token(p["ref"], g.get("level", "owner"))),
    ("POST", "workspaces/{ref}/volume",
     lambda c, p, g: c.break_volume(p["ref"], g["source"], float(g["factor"]), g.get("since"))),
    ("GET", "trouble", lambda c, p, g: c.world.trouble.dump()),
    ("POST", "trouble", lambda c, p, g: {"key": c.add_trouble(g)}),
    ("DELETE", "trouble", lambda c, p, g: c.clear_trouble()),
    ("DELETE", "trouble/{key}", lambda c, p, g: c.clear_trouble(p["key"])),
    ("GET", "calls", lambda c, p, g: c.journal.calls(g)),
    ("DELETE", "calls", lambda c, p, g: c.journal.clear()),
    ("GET", "counters", lambda c, p, g: c.journal.counters()),
    ("GET", "clock", clock),
    ("PUT", "clock", clock),
    ("PUT", "limits", lambda c, p, g: c.set_limits({name: int(value) for name, value in g.items()})),
    ("POST", "reset", lambda c, p, g: c.reset()),
    ("GET", "world", lambda c, p, g: c.world.dump()),
    ("PUT", "world", lambda c, p, g: c.put_back(g)),
)  # fmt: skip
TABLE = [
    (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), act) for method, path, act in ACTS
]


class ControlApi:
    """Speaks for a `Control` on the same port as the simulated API."""

    def __init__(self, control: Control, token: str) -> None:
        self._control, self._token = control, token

    def respond(self, request: Request) -> Reply:
        path = request.path.removeprefix(PREFIX)
        if path == "health":
            return reply(200, {"status": "ok"})
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return reply(401, {"error": "the control token is missing or wrong"})
        try:
            return self._act(request.method, path, arguments(request))
        except KeyError as error:
            return reply(404, {"error": f"not found: {error.args[0]}"})
        except (ValueError, TypeError) as error:
            return reply(422, {"error": str(error)})

    def _act(self, method: str, path: str, given: Json) -> Reply:
        for wanted, pattern, act in TABLE:
            found = pattern.fullmatch(path) if wanted == method else None
            if found:
                named = {name: unquote(value) for name, value in found.groupdict().items()}
                return reply(200, act(self._control, named, given))
        raise KeyError(f"{method} {PREFIX}{path}")


def arguments(request: Request) -> Json:
    """The query of a read, the JSON object of anything else."""
    given = json.loads(request.body) if request.body.strip() else dict(parse_qsl(request.query))
    if not isinstance(given, dict):
        raise ValueError("the body must be an object")
    return given


def reply(status: int, body: Any) -> Reply:
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})
