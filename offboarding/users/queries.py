"""Ways in: which providers there are, who is linked to which, and by which way somebody comes in."""

from __future__ import annotations

from collections import Counter

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db.models.functions import Lower

from offboarding.lib.addresses import fold
from offboarding.users.admission import Known, Standing, Trust
from offboarding.users.models import SignInProvider, User
from offboarding.users.rules import DECIDES

FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def provider_named(slug: str) -> SignInProvider | None:
    return SignInProvider.objects.filter(slug=slug).first()


def ways_in() -> list[SignInProvider]:
    """The providers whose button stands on the sign-in page."""
    return list(SignInProvider.objects.filter(is_on=True))


def links_of(user: User) -> list[SignInProvider]:
    """The providers, switched on, that this user comes from."""
    slugs = SocialAccount.objects.filter(user=user).values("provider")
    return list(SignInProvider.objects.filter(is_on=True, slug__in=slugs))


def providers_of(user: User) -> tuple[str, ...]:
    """The names of all providers that know this user, also of those that are off."""
    slugs = SocialAccount.objects.filter(user=user).values("provider")
    return tuple(SignInProvider.objects.filter(slug__in=slugs).values_list("name", flat=True))


def people_linked() -> Counter[str]:
    """How many people come from each provider, by its slug."""
    return Counter(SocialAccount.objects.values_list("provider", flat=True))


def user_at(address: str) -> User | None:
    found = User.objects.annotate(folded=Lower("email")).filter(folded=fold(address))
    return found.first() if address else None


def known(user: User | None) -> Known | None:
    return Known(user.is_active, tuple(each.slug for each in links_of(user))) if user else None


def trust_in(provider: SignInProvider) -> Trust:
    return Trust(provider.name, tuple(provider.domains), provider.silent)


def decides(user: User) -> bool:
    """Whether they approve, watch over or administer anything, now or on a day to come."""
    return bool(user.memberships.filter(role__in=[role.value for role in DECIDES]).exists())


def is_break_glass(user: User) -> bool:
    return names_break_glass(user.email)


def names_break_glass(address: str) -> bool:
    return bool(settings.BREAK_GLASS) and fold(address) == fold(settings.BREAK_GLASS)


def break_glass_user() -> User | None:
    return user_at(settings.BREAK_GLASS)


def has_factor(user: User) -> bool:
    return bool(is_mfa_enabled(user, FACTORS))


def standing_of(user: User) -> Standing:
    return Standing(
        providers=tuple(each.name for each in links_of(user)),
        offered=tuple(each.name for each in ways_in()),
        only_elsewhere=settings.ONLY_SINGLE_SIGN_ON,
        break_glass=is_break_glass(user),
        has_factor=has_factor(user),
    )
