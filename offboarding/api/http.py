"""The door for programs: a key in `Authorization: Bearer …`, and nothing else. A browser's session opens nothing here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import structlog
from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from offboarding.api.problems import problem
from offboarding.directory.queries import scope_of
from offboarding.directory.rules import Scope, narrowed
from offboarding.lib.refusals import Refused
from offboarding.users import throttle
from offboarding.users.keys import RESTS_AFTER, WINDOW, FromElsewhere, Holder, Rests, TooManyTries, holder_of

P = ParamSpec("P")
READS = frozenset({"GET", "HEAD"})
MOST_CALLS, MINUTE = 300, 60  # with all keys of one user together
log = structlog.get_logger(__name__)


class Request(HttpRequest):
    """A request of a program that holds a key. `scope` is what its user holds today, in the roles of the key."""

    holder: Holder
    scope: Scope


def with_key(
    *methods: str,
) -> Callable[[Callable[Concatenate[Request, P], HttpResponse]], Callable[..., HttpResponse]]:
    """Only for who holds a key; a refusal of a verb becomes a problem."""

    def decorated(view: Callable[Concatenate[Request, P], HttpResponse]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @wraps(view)
        def inner(request: Any, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method not in methods:
                answer = problem(405, "wrong-method", f"This address takes {' and '.join(methods)} only.")
                answer["Allow"] = ", ".join(methods)
                return answer
            if refusal := identify(request) or only_reads(request):
                return refusal
            try:
                return view(request, *args, **kwargs)
            except Refused as refused:
                status = 422 if "field" in refused.facts else 409
                return problem(status, refused.code, refused.sentence, **refused.facts)

        return inner

    return decorated


def identify(request: Any) -> HttpResponse | None:
    """Puts `holder` and `scope` on the request; or the answer that says why not."""
    kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if kind.casefold() != "bearer" or not bearer:
        return who("no-key", "Send an API key as “Authorization: Bearer …”. Make one under Setup > API keys.")
    now, came_from = datetime.now(UTC), get_adapter(request).get_client_ip(request)
    try:
        holder = holder_of(bearer.strip(), came_from, now)
    except FromElsewhere:
        log.warning("api key from elsewhere", key=bearer[5:13], came_from=came_from)
        return problem(403, "not-from-there", f"This API key is not taken from {came_from}.")
    except Rests:
        says = f"The user of this API key has not signed in for {RESTS_AFTER.days} days. It counts again once they do."
        return problem(403, "key-rests", says)
    except TooManyTries:
        answer = problem(429, "too-many-tries", "Too many wrong keys came from your address. Wait 5 minutes.")
        answer["Retry-After"] = str(WINDOW)
        return answer
    if holder is None:
        return who(
            "no-such-key",
            "This API key is not known, or it has ended. Make a new one under Setup > API keys.",
        )
    if throttle.too_many("api", str(holder.user.pk), MOST_CALLS, MINUTE):
        answer = problem(
            429, "too-many-calls", f"More than {MOST_CALLS} calls in a minute. Go on in the next one."
        )
        answer["Retry-After"] = str(MINUTE - int(now.timestamp()) % MINUTE)
        return answer
    request.holder = holder
    request.scope = narrowed(scope_of(holder.user, now.date()), holder.roles)
    return None


def only_reads(request: Request) -> HttpResponse | None:
    """A key changes nothing unless it was made for that, whatever its roles may."""
    if request.method in READS or request.holder.key.writes:
        return None
    return problem(403, "reads-only", "This API key only reads. Make one that may also change things.")


def who(code: str, sentence: str) -> HttpResponse:
    answer = problem(401, code, sentence)
    answer["WWW-Authenticate"] = 'Bearer realm="Offboard"'
    return answer
