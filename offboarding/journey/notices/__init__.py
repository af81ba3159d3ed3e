"""Telling people. The ledger says what happened; `table` says whose news it is, the rest says it in words."""

from offboarding.journey.notices.again import may_not_send_again, send_again
from offboarding.journey.notices.table import register

__all__ = ["may_not_send_again", "register", "send_again"]
