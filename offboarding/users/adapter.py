"""How django-allauth behaves here."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from offboarding.ledger.actions import APP, Event, record
from offboarding.lib.sealing import Sealer
from offboarding.users.rules import actor_of


class AccountAdapter(DefaultAccountAdapter):
    """People are invited by an administrator; nobody signs up."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "E-mail or password is not right. Check both, or use another way to sign in."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            record(Event.SIGNED_IN, actor=actor_of(user), facts={"method": "sign-in page"})
        return super().post_login(request, user, **kwargs)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        with transaction.atomic():
            record(
                Event.SIGN_IN_FAILED,
                actor=APP,
                personal={"address": str(credentials.get("email") or "")[:254]},
            )


class MFAAdapter(DefaultMFAAdapter):
    """Codes' secrets are sealed at rest."""

    def encrypt(self, text: str) -> str:
        return Sealer(settings.SEALING_KEYS).seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return Sealer(settings.SEALING_KEYS).open(encrypted_text)
