"""A letter as a mail. Its bytes are made once and kept, and these bytes are what the server gets, then and at any later try."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, SafeMIMEMultipart, SafeMIMEText

from offboarding.letters.models import Delivery
from offboarding.letters.wording import Written


def number_of(delivery: Delivery) -> str:
    """The same for every try: mailboxes that see it twice show the mail once (RFC 5322, 3.6.4)."""
    letter = delivery.letter
    return f"<letter.{delivery.pk}.{letter.facts_digest[:16]}@{urlsplit(settings.BASE_URL).hostname}>"


def compose(delivery: Delivery, shown: Written, document: tuple[str, bytes] | None, at: datetime) -> bytes:
    """The mail as RFC 5322 wants it, with CRLF. `document`: name and bytes of the PDF that goes along."""
    letter = delivery.letter
    answers = letter.released_by or letter.removal.requester
    mail = EmailMessage(
        subject=f"[{letter.removal.reference}] {shown.subject}",
        body=shown.text + "\n",
        to=[delivery.address],
        reply_to=[answers.email],
        headers={
            "Message-ID": number_of(delivery),
            "Date": format_datetime(at),
            "Content-Language": letter.wording.language,
            **({} if letter.released_by else {"Auto-Submitted": "auto-generated"}),
        },
    )
    if document:
        mail.attach(document[0], document[1], "application/pdf")
    made = mail.message()
    assert isinstance(made, SafeMIMEText | SafeMIMEMultipart)
    return made.as_bytes(linesep="\r\n")


class Kept(SafeMIMEText):
    """A message that is handed over exactly as it was kept, whatever a generator of mails would make of it."""

    def __init__(self, raw: bytes) -> None:
        super().__init__("", "plain", "utf-8")
        self.raw = raw

    def as_bytes(self, unixfrom: bool = False, linesep: str = "\n") -> bytes:  # type: ignore[override]
        return self.raw.replace(b"\r\n", linesep.encode())


class Fixed(EmailMessage):
    """A mail of which the bytes stand already. `to` is the envelope's address."""

    def __init__(self, raw: bytes, to: Sequence[str]) -> None:
        super().__init__(body="", to=list(to))
        self.kept = Kept(raw)

    def message(self) -> SafeMIMEText:  # type: ignore[override]
        return self.kept
