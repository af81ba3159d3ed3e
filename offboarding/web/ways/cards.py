"""What the pages about signing in show."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.users import queries
from offboarding.users.models import SignInProvider
from offboarding.web.cards import CodeCard, FactCard, NoticeCard, TagCard
from offboarding.web.signin import saml
from offboarding.web.signin.openid import callback_url


@dataclass(frozen=True, slots=True)
class WayRow:
    name: str
    kind: str
    domains: str
    people: str
    tag: TagCard
    url: str


def rows(found: Iterable[SignInProvider], linked: Mapping[str, int]) -> tuple[WayRow, ...]:
    return tuple(
        WayRow(
            each.name,
            each.get_kind_display(),
            ", ".join(each.domains) or _("none"),
            people(linked.get(each.slug, 0)),
            standing(each),
            reverse("way", args=[each.slug]),
        )
        for each in found
    )


def people(count: int) -> str:
    return ngettext("%(n)d person", "%(n)d people", count) % {"n": count} if count else _("nobody")


def standing(row: SignInProvider) -> TagCard:
    if row.is_on:
        return (
            TagCard("verified", _("On")) if row.is_vouched_for else TagCard("needs_person", _("On for some"))
        )
    return TagCard("waiting", _("Off")) if row.is_filled_in else TagCard("needs_person", _("Not filled in"))


def facts(row: SignInProvider, linked: int) -> tuple[FactCard, ...]:
    return (
        FactCard(_("State"), (standing(row),)),
        FactCard(_("Speaks"), row.get_kind_display()),
        FactCard(_("People who come from it"), people(linked)),
        *((FactCard(_("Its name for itself"), row.entity_id),) if row.entity_id else ()),
        *((FactCard(_("Its sign-in page"), row.sign_in_url),) if row.sign_in_url else ()),
        *((FactCard(_("Its certificates"), certificates(row)),) if row.certificates else ()),
    )


def entered(row: SignInProvider) -> tuple[FactCard, ...]:
    """All that decides whom its word lets in."""
    keys = tuple(CodeCard(hashlib.sha256(b64decode(each)).hexdigest()) for each in row.certificates)
    said = (
        (_("Speaks"), row.get_kind_display()),
        (_("Issuer"), row.issuer),
        (_("Client ID"), row.client_id),
        (_("Its name for itself"), row.entity_id),
        (_("Its sign-in page"), row.sign_in_url),
        (_("Certificates, SHA-256"), keys),
        (_("Domains"), ", ".join(row.domains)),
        (_("Addresses that it does not call verified"), _("are believed") if row.silent else ""),
    )
    return tuple(FactCard(label, value) for label, value in said if value)


def doubt(row: SignInProvider, reader: int) -> NoticeCard | None:
    """What is missing before those who decide come in there."""
    if row.is_vouched_for:
        return None
    title = _("Not for those who decide, yet")
    if row.set_by_id == reader:
        text = _(
            "You entered what stands here. Another administrator of all clients confirms it on this page; until then nobody who"
            " approves, watches over or administers comes in here."
        )
        return NoticeCard("attention", title, text)
    text = _(
        "%(who)s entered what stands here. Nobody who approves, watches over or administers comes in here before you, or another"
        " administrator of all clients, have confirmed it."
    ) % {"who": row.set_by.name if row.set_by else ""}
    return NoticeCard("attention", title, text)


def certificates(row: SignInProvider) -> tuple[str, ...]:
    return tuple(
        _("valid until %(day)s") % {"day": ends.date().isoformat()} if ends else _("cannot be read")
        for ends in map(certificate_ends, row.certificates)
    )


def certificate_ends(encoded: str) -> datetime | None:
    try:
        return x509.load_der_x509_certificate(b64decode(encoded)).not_valid_after_utc
    except ValueError:
        return None


def to_enter(request: HttpRequest, row: SignInProvider) -> tuple[FactCard, ...]:
    """What the administrator of the provider has to enter there."""
    here = request.build_absolute_uri("/").rstrip("/")
    if row.kind == row.Kind.SAML:
        return (
            FactCard(_("Single sign-on URL (ACS)"), CodeCard(saml.url_of(request, "saml_acs", row.slug))),
            FactCard(_("Audience (SP entity ID)"), CodeCard(saml.url_of(request, "saml_metadata", row.slug))),
            FactCard(_("Our metadata"), CodeCard(saml.url_of(request, "saml_metadata", row.slug))),
            FactCard(_("Name ID"), _("one that never changes, format persistent")),
            FactCard(_("Attribute"), CodeCard("email")),
            FactCard(_("Signature"), _("the assertion, with SHA-256")),
        )
    return (
        FactCard(_("Sign-in redirect URI"), CodeCard(callback_url(request, row.slug))),
        FactCard(_("Kind of application"), _("Web, authorization code with client secret and PKCE")),
        FactCard(_("Scopes"), CodeCard("openid profile email")),
        FactCard(_("Initiate login URI"), CodeCard(here + reverse("sign_in_with", args=[row.slug]))),
    )


def mode(found: Iterable[SignInProvider]) -> NoticeCard:
    """How people come in, in one box."""
    names = [each.name for each in found if each.is_on]
    if not settings.ONLY_SINGLE_SIGN_ON:
        title = _("People sign in here, or at a provider") if names else _("People sign in here")
        return NoticeCard(
            "info", title, _("OFFBOARD_SINGLE_SIGN_ON is “offered”. docs/sign-in.md says more.")
        )
    user = queries.break_glass_user()
    if not names:
        text = _("No provider is on, so only the break-glass account can sign in.")
        return NoticeCard("bad", _("Everybody has to sign in at a provider"), text)
    if user is None or not user.is_active or not queries.has_factor(user):
        text = _(
            "The break-glass account %(address)s cannot sign in: it does not exist, is disabled, or has no second factor."
        )
        title = _("Everybody signs in at a provider, and nothing is ready for the day it fails")
        return NoticeCard("attention", title, text % {"address": settings.BREAK_GLASS})
    text = _(
        "Only %(address)s signs in with a password and a second factor. Its use tells security and administrators."
    )
    return NoticeCard("ok", _("Everybody signs in at a provider"), text % {"address": settings.BREAK_GLASS})


def tried(said: Mapping[str, Any]) -> tuple[FactCard, ...]:
    words = {True: _("verified"), False: _("not verified"), None: _("it does not say whether it is verified")}
    if said["no"]:
        outcome: Any = (TagCard("failed", _("Would be refused")), said["no"])
    else:
        outcome = (TagCard("verified", _("Would sign in")), said["name"])
    return (
        FactCard(_("Subject"), CodeCard(said["subject"]), note=_("By this it knows the person, for good.")),
        FactCard(_("Address"), said["address"] or _("none"), note=words[said["verified"]]),
        FactCard(_("Here"), outcome),
    )
