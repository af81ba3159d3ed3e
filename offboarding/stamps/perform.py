"""One question to the authority, and what became of it. Slow; holds no transaction.

Dying in here costs a question: the answer counts once it stands, and asking again only brings a later time.
"""

from __future__ import annotations

import random
from datetime import datetime

import structlog
from django.conf import settings

from offboarding.gateways.authority import stamp_asked
from offboarding.gateways.openid import NoAnswer
from offboarding.ledger import stamps
from offboarding.ledger.models import Checkpoint
from offboarding.ledger.outside import line_of
from offboarding.lib.timestamps import NotStamped, question
from offboarding.stamps import actions
from offboarding.stamps.models import Stamping
from offboarding.stamps.queries import next_to_stamp
from offboarding.work import clock
from offboarding.work.rules import back_off

log = structlog.get_logger(__name__)
DEADLINE = 10.0  # seconds; well within one lease


def perform(row: Stamping) -> None:
    made = next_to_stamp(row.begins) if settings.TIME_STAMP_URL else None
    if made is None:
        return actions.rest(row)
    try:
        answer = ask(made)
    except (NoAnswer, NotStamped) as error:
        why = str(error).rstrip(".")
        log.warning("checkpoint not stamped", size=made.size, why=why)
        return actions.later(row, why, back_off(row.tries, random.random()))
    actions.stamped(row, made, *answer)


def ask(made: Checkpoint) -> tuple[datetime, bytes]:
    """The stamped time and the answer, once it holds. Raises NoAnswer and NotStamped."""
    trusted, asked = stamps.trusted(), question(line_of(made))
    answer = stamp_asked(
        settings.TIME_STAMP_URL, asked.body, simulators=settings.SIMULATORS, deadline=DEADLINE
    )
    at = stamps.time_of(answer, made, trusted, asked.nonce)
    if at > clock.now() + stamps.APART:
        raise NotStamped(f"its stamp tells {at:%Y-%m-%d %H:%M} UTC, which is still to come by our clock")
    return at, answer
