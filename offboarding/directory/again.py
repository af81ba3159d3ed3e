"""One more try for slow work that stopped: the same for every kind that has no event of its own for it."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work.actions import move
from offboarding.work.models import Order
from offboarding.work.rules import State


def try_again(by: User, row: Order, what: str, about: str = "", **fresh: Any) -> None:
    """Due now. `row` is as the person saw it, `what` is how the record calls it. Who may is for its room to say.

    Raises Refused if it moved on meanwhile.
    """
    with transaction.atomic():
        locked = type(row)._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
        if locked.state != State.NEEDS_PERSON or locked.fence != row.fence or not due(locked, fresh):
            raise moved_meanwhile()
        record(
            Event.ENGINE_TRY_ASKED, actor=actor_of(by), about=about, facts={"what": what, "number": row.pk}
        )


def due(locked: Order, fresh: dict[str, Any]) -> bool:
    """Of some kinds only one is under way at a time, which a constraint sees to."""
    try:
        with transaction.atomic():
            return move(locked, State.READY, not_before=Now(), waiting_for="", **fresh)
    except IntegrityError:
        raise Refused(
            "under-way", "Another one is under way meanwhile, which serves as well. Nothing was changed."
        ) from None


def moved_meanwhile() -> Refused:
    return Refused(
        "moved-meanwhile", "This moved on meanwhile, so nothing was changed. Look at the page again."
    )
