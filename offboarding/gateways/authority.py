"""Asking a time stamping authority, over HTTP: RFC 3161, section 3.4."""

from __future__ import annotations

from offboarding.gateways.openid import NoAnswer, sent

ASKS, ANSWERS = "application/timestamp-query", "application/timestamp-reply"
MOST = 64_000  # bytes of one answer; with a chain of certificates they are some 6,000


def stamp_asked(url: str, question: bytes, *, simulators: bool = False, deadline: float = 10.0) -> bytes:
    """What the authority at this address answers; whether it is a stamp at all is not looked at. Raises NoAnswer."""
    headers = {"content-type": ASKS, "accept": ANSWERS}
    answer = sent("POST", url, headers, question, simulators, deadline, MOST)
    if answer.status != 200:
        raise NoAnswer(f"it answers {answer.status}")
    return answer.body
