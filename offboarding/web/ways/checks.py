"""The test of a provider: what can be known without a person who signs in there."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from offboarding.gateways.openid import Discovered, NoAnswer, discover, knows_us
from offboarding.users.models import SignInProvider
from offboarding.users.sealed import NotOpenable, opened
from offboarding.web.cards import TagCard
from offboarding.web.setup.cards import CheckRow
from offboarding.web.ways.cards import certificate_ends

YES, NO, UNKNOWN = "verified", "failed", "not_started"


def checks(row: SignInProvider, callback: str, now: datetime) -> tuple[CheckRow, ...]:
    return of_saml(row, now) if row.kind == row.Kind.SAML else of_openid(row, callback)


def of_openid(row: SignInProvider, callback: str) -> tuple[CheckRow, ...]:
    asks = _("It describes itself, and publishes its keys")
    try:
        found = discover(row.issuer, simulators=settings.SIMULATORS)
    except NoAnswer as error:
        return (check(asks, NO, str(error), _("Compare the issuer with what the provider shows.")),)
    return (check(asks, YES), known(row, found, callback))


def known(row: SignInProvider, found: Discovered, callback: str) -> CheckRow:
    asks = _("It knows our client ID and secret")
    try:
        answer = knows_us(
            found, row.client_id, opened(row.sealed_secret), callback, simulators=settings.SIMULATORS
        )
    except NoAnswer as error:
        return check(asks, NO, str(error))
    except NotOpenable as error:
        return check(asks, NO, str(error), _("Enter the client secret again."))
    if answer is None:
        return check(asks, UNKNOWN, _("Its answer does not tell."), _("Try a sign-in."))
    if answer:
        return check(asks, YES)
    return check(asks, NO, _("It refuses them."), _("Make a new secret there, and enter it here."))


def of_saml(row: SignInProvider, now: datetime) -> tuple[CheckRow, ...]:
    ends = [certificate_ends(each) for each in row.certificates]
    valid = [each for each in ends if each and each > now]
    secure = urlsplit(row.sign_in_url).scheme == "https"
    return (
        check(
            _("One of its certificates is valid"),
            YES if valid else NO,
            "" if valid else _("All of them have ended, or cannot be read."),
            "" if valid else _("Paste its newest metadata."),
        ),
        check(_("Its sign-in page is reached over https"), YES if secure else NO),
        check(_("It accepts us"), UNKNOWN, _("Only a sign-in tells."), _("Try a sign-in.")),
    )


def check(asks: str, state: str, says: str = "", remedy: str = "") -> CheckRow:
    words = {YES: _("Yes"), NO: _("No"), UNKNOWN: _("Not known")}
    return CheckRow(asks, TagCard(state, words[state]), says, remedy)
