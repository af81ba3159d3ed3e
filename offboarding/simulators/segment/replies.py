"""Answers that the app gives as they are: refusals, and the broken ones of scripted trouble."""

from typing import Any

from offboarding.simulators.segment.wire import ApiError, to_bytes
from offboarding.simulators.server import Reply

Json = dict[str, Any]
HTML = b"<!doctype html><html><head><title>Service</title></head><body><h1>Back soon</h1></body></html>"
SILENCE = 120.0  # seconds until a call that is never answered loses its connection
LARGE = 10 * 1024 * 1024


def refusal(error: ApiError, headers: dict[str, str] | None = None) -> Reply:
    media = {"Content-Type": "application/vnd.segment.v1+json"}
    return Reply(error.status, to_bytes(error.body()), {**media, **(headers or {}), **error.headers})


def limited(wait: float) -> Reply:
    """429 with whole seconds in Retry-After, rounded up."""
    seconds = max(1, int(-(-wait // 1)))
    data = {"remainingPoints": 0, "msBeforeNext": int(wait * 1000), "consumedPoints": 60}
    error = ApiError(429, "Too Many Requests", data=data)
    error.headers = {"Retry-After": str(seconds), "X-RateLimit-Remaining": "0"}
    return refusal(error)


def failure(rule: Json) -> Reply:
    return refusal(ApiError(int(rule.get("status", 500)), "An unexpected error occurred."))


def reset() -> Reply:
    return Reply(0, manner="reset")


def silence(rule: Json) -> Reply:
    return Reply(0, manner="hang", seconds=float(rule.get("silence") or rule.get("seconds", SILENCE)))


def page() -> Reply:
    """A page where JSON was expected."""
    return Reply(200, HTML, {"Content-Type": "text/html; charset=utf-8"})


def half(reply: Reply) -> Reply:
    reply.body = reply.body[: len(reply.body) // 2]
    return reply


def huge(reply: Reply, rule: Json) -> Reply:
    reply.body = b'{"data":{"status":"SUCCESS","padding":"' + b"x" * int(rule.get("bytes", LARGE)) + b'"}}'
    return reply


def cut(reply: Reply) -> Reply:
    reply.manner = "cut"
    return reply


def drip(reply: Reply, rule: Json) -> Reply:
    reply.manner, reply.seconds = "drip", float(rule.get("seconds", 0.2))
    return reply


def redirect(rule: Json) -> Reply:
    location = str(rule.get("location", "http://127.0.0.1:9/elsewhere"))
    return Reply(int(rule.get("status", 302)), b"", {"Location": location})


def fixed(rule: Json) -> Reply:
    """The answer that the rule holds."""
    return Reply(int(rule.get("status", 200)), to_bytes(rule.get("body", {})))
