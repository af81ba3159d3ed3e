"""From notices to the mail that a person reads: plain text, one link, nothing that acts."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import ngettext

from offboarding.lib.visible import visible
from offboarding.notifications.handlers import other_addresses
from offboarding.notifications.models import Message


def compose(mail: Message, parts: Sequence[Message]) -> EmailMessage:
    """The mail with these notices, to its recipient's address as it is now, and where a notice says so to an earlier one."""
    text = render_to_string(
        "emails/mail.txt",
        {"parts": parts, "several": len(parts) > 1, "link": settings.BASE_URL + url_of(parts)},
    )
    return EmailMessage(
        subject=visible(subject_of(mail, parts)),
        body=visible(text),
        to=[
            mail.recipient.email,
            *(each for part in parts for each in other_addresses(part.entry, mail.recipient)),
        ],
        # Mailboxes that see this number twice show the mail once (RFC 5322, 3.6.4); no auto-reply is wanted (RFC 3834).
        headers={"Message-ID": number_of(mail), "Auto-Submitted": "auto-generated"},
    )


def subject_of(mail: Message, parts: Sequence[Message]) -> str:
    front = f"[{mail.about}] " if mail.about else ""
    if len(parts) == 1:
        return front + parts[0].subject
    rest = len(parts) - 1
    words = ngettext("%(first)s, and %(n)d more", "%(first)s, and %(n)d more", rest)
    return front + words % {"first": parts[0].subject, "n": rest}


def url_of(parts: Sequence[Message]) -> str:
    """The notices' own page, or the one where all of them stand."""
    pages = {part.url for part in parts}
    return parts[0].url if len(pages) == 1 else parts[0].shared_url or parts[0].url


def number_of(mail: Message) -> str:
    return f"<{mail.pk}.{mail.entry.hash[:16]}@{urlsplit(settings.BASE_URL).hostname}>"
