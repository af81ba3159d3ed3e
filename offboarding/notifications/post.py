"""Handing one mail to the server, and reading its answer. Keeps nothing, tries nothing twice.

Waiting for the server ends with Django's EMAIL_TIMEOUT (10 s for each of its answers).
"""

from __future__ import annotations

from contextlib import suppress
from smtplib import (
    SMTP,
    SMTPException,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
)
from typing import Any

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from offboarding.lib.masking import mask_text
from offboarding.notifications.rules import Answer, Outcome, of_code

NOT_REACHED = "The mail server could not be reached."
NO_CLEAR_ANSWER = "The mail server gave no clear answer. The mail may have been sent."
CANNOT_CARRY = "The mail server cannot carry mail to this address."


def post(mail: EmailMessage) -> Outcome:
    connection = get_connection()
    try:
        connection.open()
    except (SMTPException, OSError):
        return Outcome(Answer.LATER, NOT_REACHED)
    try:
        return handed(connection, mail)
    finally:
        with suppress(SMTPException, OSError):  # how the server says goodbye changes nothing
            connection.close()


def handed(connection: BaseEmailBackend, mail: EmailMessage) -> Outcome:
    """An answer with a code is a clear one (RFC 5321, 4.2); anything else after the first byte leaves doubt."""
    heard = listening(connection)
    try:
        connection.send_messages([mail])
    except SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        return of_code(code, answered(code, text))
    except SMTPResponseException as error:
        return of_code(error.smtp_code, answered(error.smtp_code, error.smtp_error))
    except SMTPNotSupportedError:
        return Outcome(Answer.REFUSED, CANNOT_CARRY)
    except (SMTPException, OSError):
        return Outcome(Answer.DOUBT, NO_CLEAR_ANSWER)
    return Outcome(Answer.TAKEN, heard[-1] if heard else "")


def listening(connection: BaseEmailBackend) -> list[str]:
    """What the server says when it takes a text, such as the number that it queued it under; smtplib drops it."""
    heard: list[str] = []
    talk = getattr(connection, "connection", None)
    if isinstance(talk, SMTP):
        say = talk.data

        def data(text: Any) -> tuple[int, bytes]:
            code, words = say(text)
            heard.append(f"{code} {told(words)}")
            return code, words

        talk.data = data  # type: ignore[method-assign, assignment]
    return heard


def answered(code: int, text: bytes | str) -> str:
    return f"The mail server did not take it: {code} {told(text)}"


def told(text: bytes | str) -> str:
    """What a server said, in one line, masked."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return mask_text(" ".join(words.split()))[:200]
