"""Who somebody is at a provider of sign-in: written once, when they come from there for the first time."""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction

from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused
from offboarding.users.admission import Claim, first_time, not_vouched_for
from offboarding.users.models import SignInProvider, User
from offboarding.users.queries import decides, is_break_glass, known, trust_in, user_at
from offboarding.users.rules import actor_of

BREAK_GLASS_STAYS = "This account signs in with its password and its second factor only."


def link(provider: SignInProvider, claim: Claim) -> SocialAccount:
    """From now on this subject is the user who has its address. Raises Refused with a sentence for the person.

    The user is locked meanwhile: of two accounts that claim one address at the same moment, one is refused.
    """
    try:
        with transaction.atomic():
            found = user_at(claim.address)
            user = User.objects.select_for_update().get(pk=found.pk) if found else None
            if user and is_break_glass(user):
                raise Refused("break-glass", BREAK_GLASS_STAYS)
            if no := first_time(claim, trust_in(provider), known(user)):
                raise Refused(no.code, no.sentence)
            assert user is not None
            if no := not_vouched_for(provider.name, provider.is_vouched_for, decides(user)):
                raise Refused(no.code, no.sentence)
            made = SocialAccount.objects.create(user=user, provider=provider.slug, uid=claim.subject)
            record(
                Event.LINKED,
                actor=actor_of(user),
                facts={"user": user.pk, "provider": provider.slug},
                personal={"subject": claim.subject, "address": claim.address},
            )
    except IntegrityError as error:
        raise Refused("linked-already", "Two sign-ins came at once. Press the button again.") from error
    return made
