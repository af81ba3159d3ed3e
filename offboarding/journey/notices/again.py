"""Who may have a message about a request sent again."""

from __future__ import annotations

from offboarding.directory.queries import scope_of
from offboarding.execution.queries import why_not
from offboarding.journey.notices.case import today
from offboarding.lib.refusals import Refused
from offboarding.notifications import actions as notifications
from offboarding.notifications.models import Message
from offboarding.removals.models import RemovalRequest
from offboarding.users.models import User


def may_not_send_again(user: User, removal: RemovalRequest) -> str:
    """Why this person may not have a message sent again; empty if they may."""
    if user.pk == removal.requester_id:
        return ""
    if why_not(scope_of(user, today()), removal):
        return "Only the person who filed this request, operators and security send its messages again."
    return ""


def send_again(removal: RemovalRequest, mail: Message, user: User, fence: int) -> None:
    """`fence` is the message's as the person saw it."""
    if why := may_not_send_again(user, removal):
        raise Refused("not-a-sender", why)
    notifications.send_again(mail, user, fence)
