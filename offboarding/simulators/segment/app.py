"""From a request to its answer: token, trouble, due effects, rate limit, version, endpoint, envelope."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from offboarding.simulators.clock import Clock
from offboarding.simulators.journal import Journal
from offboarding.simulators.segment import effects, invites, replies, routes, users
from offboarding.simulators.segment.call import Call
from offboarding.simulators.segment.routes import Route
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.settings import Token
from offboarding.simulators.segment.wire import ApiError, QueryReader, media_type, read_body, to_bytes
from offboarding.simulators.segment.workspace import Workspace
from offboarding.simulators.segment.world import World
from offboarding.simulators.server import Reply, Request
from offboarding.simulators.trouble import Decision, Subject


@dataclass(frozen=True)
class Visit:
    """One request whose token is good."""

    request: Request
    workspace: Workspace
    token: Token
    rule: Json

    def option(self, name: str, default: float) -> float:
        return float(self.rule.get(name, default))


class SegmentApp:
    """Answers requests to the Segment Public API. `strict` refuses query encodings beyond dot and bracket."""

    def __init__(
        self, world: World, clock: Clock, journal: Journal, stopping: threading.Event, strict: bool
    ) -> None:
        self.world, self.clock, self.journal, self.strict = world, clock, journal, strict
        self._stopping = stopping

    def respond(self, request: Request) -> Reply:
        began = self.clock.now()
        found = self._authorised(request)
        if found is None:
            reply, decision = replies.refusal(ApiError(401, "Unauthorized")), Decision()
        else:
            decision = self.world.trouble.decide(subject(request, *found), began)
            if decision.latency:
                self._stopping.wait(decision.latency)
            reply = self._meet(decision, Visit(request, *found, decision.rule))
        self._note(request, found, reply, decision, began)
        return reply

    def _authorised(self, request: Request) -> tuple[Workspace, Token] | None:
        """The workspace of the token, if it lives in this region and is not refused."""
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        found = self.world.tokens.get(value.strip()) if kind.lower() == "bearer" else None
        if not found or found[0].region != request.region or found[0].settings["token_refused"]:
            return None
        return found

    def _meet(self, decision: Decision, visit: Visit) -> Reply:
        if not decision.kind:
            return self.handle(visit)
        if decision.kind == "limit":
            return replies.limited(decision.wait)
        return TROUBLES[decision.kind](self, visit)

    def handle(self, visit: Visit) -> Reply:
        """The honest answer, with its effect."""
        request, workspace, now = visit.request, visit.workspace, self.clock.now()
        headers: dict[str, str] = {}
        try:
            route, params = routes.find(request.method, request.path)
            headers["Content-Type"] = media_type(request.headers.get("accept", ""), route.versions)
            headers.update(self._pass_limit(visit, route, now))
            with workspace.lock:
                effects.settle(workspace, now, self.world.has_account)
                call = self.call(visit, route, params, now)
                routes.require_feature(call, route)
                data = route.run(call)
            return Reply(route.status, to_bytes({"data": data}), headers)
        except ApiError as error:
            return replies.refusal(error, headers)

    def _pass_limit(self, visit: Visit, route: Route, now: float) -> dict[str, str]:
        verdict = self.world.limits.take(visit.token.value, route.limit, f"{route.method} {route.path}", now)
        if verdict.allowed:
            return verdict.headers() if verdict.limit else {}
        error = ApiError(429, "Too Many Requests", data=verdict.data())
        error.headers = verdict.headers()
        raise error

    def call(self, visit: Visit, route: Route, params: dict[str, str], now: float) -> Call:
        if visit.request.too_large:
            raise ApiError(413, "The request body is too large.")
        if route.owner and visit.token.level != "owner":
            raise ApiError(401, "Unauthorized")
        query = QueryReader(route.texts, route.arrays, route.objects, self.strict).read(visit.request.query)
        body = read_body(visit.request.body)
        return Call(
            visit.workspace, visit.token, now, params, query, body, has_account=self.world.has_account
        )

    def without_effect(self, visit: Visit) -> Reply:
        """The honest answer, and then everything as it was."""
        with visit.workspace.lock:
            saved = visit.workspace.dump()
            reply = self.handle(visit)
            visit.workspace.restore(saved)
        return reply

    def late(self, visit: Visit) -> Reply:
        """The answer now, the effect when `seconds` are over."""
        reply = self.without_effect(visit)
        at = self.clock.now() + visit.option("seconds", 30)
        with visit.workspace.lock:
            visit.workspace.due.append(effects.later(visit.request, visit.token, at))
        endings: dict[str, Callable[[], Reply]] = {
            "error": lambda: replies.failure(visit.rule),
            "reset": replies.reset,
            "timeout": lambda: replies.silence(visit.rule),
        }
        return endings.get(visit.rule.get("then", ""), lambda: reply)()

    def comes_back(self, visit: Visit) -> Reply:
        with visit.workspace.lock:
            before = {row["id"]: row for row in effects.named_members(visit.workspace, visit.request)}
            reply = self.handle(visit)
            gone = [row for key, row in before.items() if key not in visit.workspace.members]
            at = self.clock.now() + visit.option("seconds", 30)
            visit.workspace.due.extend(effects.returning(row, at) for row in gone)
        return reply

    def meanwhile(self, visit: Visit) -> Reply:
        """Somebody else acts between the caller's look and its call."""
        call = Call(visit.workspace, visit.token, self.clock.now(), has_account=self.world.has_account)
        with visit.workspace.lock:
            call.actor = effects.SYSTEM
            for email in visit.rule.get("leave", []):
                if row := visit.workspace.members.by_email(email):
                    users.take_out(call, row["id"])
            for email in visit.rule.get("cancelled", []):
                if row := visit.workspace.tables["invites"].by_email(email):
                    invites.take_out(call, row["email"])
        return self.handle(visit)

    def effect(self, visit: Visit, default: bool = True) -> Reply:
        """The honest answer, with its effect or without, as the rule says."""
        return self.handle(visit) if visit.rule.get("effect", default) else self.without_effect(visit)

    def _note(
        self,
        request: Request,
        found: tuple[Workspace, Token] | None,
        reply: Reply,
        decision: Decision,
        began: float,
    ) -> None:
        entry = {"at": began, "ended": self.clock.now(), "method": request.method, "path": request.path}
        sent = reply.status if reply.manner in ("whole", "cut", "drip") else None
        whose = (
            {"workspace": found[0].slug, "token": found[1].short_id}
            if found
            else {"workspace": None, "token": None}
        )
        wait = {"retry_after": int(reply.headers["Retry-After"])} if "Retry-After" in reply.headers else {}
        more = {
            "query": request.query,
            "region": request.region,
            "trouble": decision.kind or None,
            "status": sent,
        }
        self.journal.note({**entry, **more, **whose, "route": route_name(request), **wait})


def subject(request: Request, workspace: Workspace, token: Token) -> Subject:
    return Subject(workspace.id, workspace.slug, request.method, request.path, request.region, token.value)


def route_name(request: Request) -> str | None:
    """The route's pattern, so that counters do not grow with ids."""
    try:
        return routes.find(request.method, request.path)[0].path
    except ApiError:
        return None


def after(reply: Reply, ending: Reply) -> Reply:
    """`reply` was made, with its effect, and is thrown away."""
    return ending


TROUBLES: dict[str, Callable[[SegmentApp, Visit], Reply]] = {
    "error_before": lambda app, visit: replies.failure(visit.rule),
    "error_after": lambda app, visit: after(app.handle(visit), replies.failure(visit.rule)),
    "reset_before": lambda app, visit: replies.reset(),
    "reset_after": lambda app, visit: after(app.handle(visit), replies.reset()),
    "timeout_before": lambda app, visit: replies.silence(visit.rule),
    "timeout_after": lambda app, visit: after(app.handle(visit), replies.silence(visit.rule)),
    "html": lambda app, visit: after(app.effect(visit), replies.page()),
    "truncated": lambda app, visit: replies.half(app.effect(visit)),
    "cut": lambda app, visit: replies.cut(app.effect(visit)),
    "drip": lambda app, visit: replies.drip(app.effect(visit), visit.rule),
    "huge": lambda app, visit: replies.huge(app.effect(visit), visit.rule),
    "redirect": lambda app, visit: replies.redirect(visit.rule),
    "answer": lambda app, visit: after(app.effect(visit, False), replies.fixed(visit.rule)),
    "late": SegmentApp.late,
    "no_effect": SegmentApp.without_effect,
    "comes_back": SegmentApp.comes_back,
    "meanwhile": SegmentApp.meanwhile,
}
