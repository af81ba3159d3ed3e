"""What can go wrong between us and Segment, named by what the caller does next.

GatewayError
 ├ NotReached      not applied: try again later
 ├ SlowDown        not applied: wait `retry_after` seconds, with every worker of this token
 ├ TokenRefused    not applied: the token is dead, a person must replace it
 ├ NotAllowed      not applied: the token works, but not for this
 ├ NotThere        nothing there to act on
 ├ Declined        not applied: Segment says no, `kind` says why
 └ Doubtful        the effect is unknown: look before acting again
"""

from typing import Literal, get_args

from offboarding.gateways.exchange import Exchange

DeclinedKind = Literal[
    "last-owner",
    "own-account",
    "scim-managed",
    "already-invited",
    "no-such-feature",
    "in-use",
    "invalid",
    "other",
]
DECLINED_KINDS: tuple[DeclinedKind, ...] = get_args(DeclinedKind)


class GatewayError(Exception):
    """Segment did not do what was asked.

    `sentence` is for people. `exchange` is the masked call; None when nothing could be sent at all.
    """

    def __init__(self, sentence: str, *, exchange: Exchange | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.exchange = exchange


class NotReached(GatewayError):
    """The call never arrived: connection refused, no such host, no TLS. Nothing was changed."""


class SlowDown(GatewayError):
    """Segment limits the rate (429). Nothing was changed; `retry_after` seconds must pass first."""

    def __init__(self, sentence: str, *, retry_after: float, exchange: Exchange | None = None) -> None:
        super().__init__(sentence, exchange=exchange)
        self.retry_after = retry_after


class TokenRefused(GatewayError):
    """Segment does not know the token: `GET /` is refused too. Nothing was changed."""


class NotAllowed(GatewayError):
    """The token lives, but its level or the plan does not allow this call. Nothing was changed."""


class NotThere(GatewayError):
    """Segment knows no such thing (404)."""


class Declined(GatewayError):
    """Segment understood and said no. Nothing was changed. `message` is Segment's own, masked."""

    def __init__(
        self, sentence: str, *, kind: DeclinedKind, message: str = "", exchange: Exchange | None = None
    ) -> None:
        super().__init__(sentence, exchange=exchange)
        self.kind = kind
        self.message = message


class Doubtful(GatewayError):
    """The call left us, and no clear answer came: the effect of a change is unknown, a read was not read."""
