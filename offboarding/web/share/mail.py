"""The mail with the code. It names no person and no request, and has no link: its reader has the page open."""

from __future__ import annotations

from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from offboarding.lib.refusals import Refused
from offboarding.notifications.post import post
from offboarding.notifications.rules import Answer
from offboarding.packets.models import Share


def send(share: Share, code: str) -> None:
    """Hands it to the mail server now, since somebody waits. Raises Refused where the server surely did not take it."""
    text = _(
        "The code for the evidence packet that was shared with you:\n\n    %(code)s\n\n"
        "Type it into the page that asked for it. It opens once, within 10 minutes.\n"
        "If you did not ask for it, nothing is to be done: without it the link opens nothing.\n"
    )
    message = EmailMessage(
        subject=_("Code for the evidence packet"),
        body=text % {"code": f"{code[:4]} {code[4:]}"},
        to=[share.address],
        headers={"Auto-Submitted": "auto-generated"},
    )
    if post(message).answer in (Answer.LATER, Answer.REFUSED):
        raise Refused(
            "mail-away", _("The code could not be sent. Try again in a minute, or tell whoever shared it.")
        )
