"""SAML 2.0: python3-saml checks signatures, audience, destination and times; here is what we ask beyond that.

Every answer has to belong to a question that this very browser asked a moment ago: the signed assertion names it
(`InResponseTo`), and the question counts once. So nothing unsolicited, replayed or stolen lets anybody in.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from allauth.core.internal import httpkit
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.providers.saml.provider import SAMLProvider
from allauth.socialaccount.sessions import LoginSession
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.errors import OneLogin_Saml2_Error
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from offboarding.lib.refusals import Refused
from offboarding.users.adapter import OurOwn
from offboarding.users.admission import Arrival, Claim
from offboarding.users.models import SignInProvider

ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
ADDRESS = [
    "email",
    "mail",
    "Email",
    "emailAddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
]
LONGEST_DAY = 86_400  # seconds for which an assertion is remembered, whatever it says
LONGEST_SUBJECT = 191
LONGEST_ANSWER = 300_000  # signs: each answer is kept until it is read


class Provider(OurOwn, SAMLProvider):  # type: ignore[misc]
    pass


class NotAccepted(Exception):
    """The answer lets nobody in. The text is a code for the record."""


def url_of(request: HttpRequest, name: str, slug: str) -> str:
    return request.build_absolute_uri(reverse(name, kwargs={"slug": slug}))


def config(request: HttpRequest, row: SignInProvider) -> dict[str, Any]:
    """Both sides, as python3-saml wants them. `strict`: all of its checks."""
    return {
        "strict": True,
        "security": {
            "wantAssertionsSigned": True,
            "wantNameId": True,
            "wantAttributeStatement": False,  # the address may be the name itself
            "requestedAuthnContext": False,
            "rejectDeprecatedAlgorithm": True,  # SHA-1
            "destinationStrictlyMatches": True,
            "allowRepeatAttributeName": True,
            "allowSingleLabelDomains": True,  # an intranet's host name has no dot
        },
        "sp": {
            "entityId": url_of(request, "saml_metadata", row.slug),
            "assertionConsumerService": {"url": url_of(request, "saml_acs", row.slug), "binding": POST},
        },
        "idp": {
            "entityId": row.entity_id,
            "singleSignOnService": {"url": row.sign_in_url, "binding": REDIRECT},
            # More than one while the provider changes its certificate.
            "x509certMulti": {"signing": row.certificates},
        },
    }


def auth_for(request: HttpRequest, row: SignInProvider) -> Any:
    asked = {
        "https": "on" if request.is_secure() else "off",
        "http_host": request.get_host(),
        "script_name": request.META.get("SCRIPT_NAME", ""),
        "path_info": request.path_info,
        "get_data": request.GET.copy(),
        "post_data": request.POST.copy(),
    }
    return OneLogin_Saml2_Auth(asked, config(request, row))


def leave(
    request: HttpRequest, row: SignInProvider, process: str, after: str, data: dict[str, Any], fresh: bool
) -> HttpResponse:
    """To the provider. `fresh`: it has to ask for the password again."""
    auth = auth_for(request, row)
    there = auth.login(return_to="", force_authn=fresh)
    state = {"process": process, "data": data, "next": after}
    statekit.stash_state(request, provider_id=row.slug, state=state, state_id=auth.get_last_request_id())
    return HttpResponseRedirect(there)


def metadata(request: HttpRequest, row: SignInProvider) -> bytes:
    """Ours, for the provider to read."""
    made = OneLogin_Saml2_Settings(config(request, row), sp_validation_only=True).get_sp_metadata()
    return made if isinstance(made, bytes) else str(made).encode()


def keep_answer(request: HttpRequest, slug: str) -> HttpResponse:
    """The provider's page posts here from another site, so our cookie is not with it. It is, one redirect later."""
    answer = HttpResponseRedirect(reverse("saml_done", kwargs={"slug": slug}))
    kept = kept_answer(request)
    kept.store["request"] = httpkit.serialize_request(request)
    kept.store.set_expiry(300)
    kept.save(answer)
    return answer


def kept_answer(request: HttpRequest) -> Any:
    return LoginSession(request, "saml_acs_session", "saml-acs-session")


def finish(request: HttpRequest, row: SignInProvider) -> HttpResponse:
    """Lets in who the answer is about. Raises NotAccepted."""
    kept = kept_answer(request)
    answer = kept.store.get("request")
    kept.delete()
    if not answer:
        raise NotAccepted("no-answer")
    auth = auth_for(httpkit.deserialize_request(answer, HttpRequest()), row)
    arrival, question = read(auth, row)
    state = statekit.unstash_state(request, state_id=question, provider_id=row.slug)
    if state is None:
        raise NotAccepted("not-asked")
    once(auth, row)
    login = Provider(request, get_adapter().get_app(request, row.slug)).sociallogin_from_response(
        request, auth
    )
    login.arrival, login.state = arrival, state
    login.account.uid, login.account.extra_data = arrival.claim.subject, {}
    return complete_social_login(request, login)  # type: ignore[no-any-return]


def read(auth: Any, row: SignInProvider) -> tuple[Arrival, str]:
    """(what it says, the question that it answers). Raises NotAccepted for what python3-saml does not accept."""
    try:
        auth.process_response()
    except (OneLogin_Saml2_Error, SyntaxError, ValueError, AttributeError, TypeError) as error:
        raise NotAccepted(type(error).__name__) from None
    if auth.get_errors() or not auth.is_authenticated():
        raise NotAccepted(",".join(auth.get_errors())[:60] or "not-authenticated")
    root = OneLogin_Saml2_XML.to_etree(auth.get_last_response_xml())
    question = auth.get_last_response_in_response_to() or ""
    named = {each.get("InResponseTo") for each in root.iter(f"{ASSERTION}SubjectConfirmationData")}
    if not question or named != {question}:  # the outer one alone is not signed
        raise NotAccepted("unsolicited")
    subject = str(auth.get_nameid() or "")
    if auth.get_nameid_format() == TRANSIENT or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise NotAccepted("no-lasting-name")
    return Arrival(Claim(subject, address_in(auth, subject)), signed_in_at=instant(root)), question


def address_in(auth: Any, subject: str) -> str:
    attributes = auth.get_attributes() or {}
    found = (attributes[name][0] for name in ADDRESS if attributes.get(name))
    return str(next(found, subject if "@" in subject else ""))


def instant(root: Any) -> float | None:
    """When the person gave their password there, if it says so in a way that can be read."""
    said = [each.get("AuthnInstant", "") for each in root.iter(f"{ASSERTION}AuthnStatement")]
    try:
        return min(datetime.fromisoformat(each).timestamp() for each in said)
    except ValueError:
        return None


def once(auth: Any, row: SignInProvider) -> None:
    """An assertion counts once, however it comes again."""
    ends = auth.get_last_assertion_not_on_or_after() or time.time() + LONGEST_DAY
    seconds = min(max(ends - time.time(), 0) + 300, LONGEST_DAY)
    if not cache.add(f"saml:{row.slug}:{auth.get_last_assertion_id()}", 1, seconds):
        raise NotAccepted("replayed")


def described(metadata: str) -> dict[str, Any]:
    """What the metadata of a provider says: its name, where people sign in, its certificates. Raises Refused."""
    wrong = Refused("no-metadata", "This is not the metadata of a SAML identity provider.", field="metadata")
    try:
        found = OneLogin_Saml2_IdPMetadataParser.parse(
            metadata.strip().encode(), required_sso_binding=REDIRECT
        )
    except (OneLogin_Saml2_Error, ValueError, SyntaxError, AttributeError, KeyError) as error:
        raise wrong from error
    idp = found.get("idp") or {}
    several = (idp.get("x509certMulti") or {}).get("signing") or []
    certificates = several or [each for each in [idp.get("x509cert")] if each]
    there = (idp.get("singleSignOnService") or {}).get("url", "")
    if not (idp.get("entityId") and there and certificates):
        raise wrong
    return {"entity_id": idp["entityId"], "sign_in_url": there, "certificates": certificates}
