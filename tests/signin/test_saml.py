"""Signing in at a SAML provider. pysaml2 is the provider; here stand the answers that an attacker would make of its own."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from allauth.socialaccount.models import SocialAccount
from django.test import Client as Browser
from lxml import etree

from offboarding.web.signin.saml import described
from tests.peers.saml import ENTITY, Idp, form, inflated
from tests.signin.test_openid import is_in, reasons, refused

NS = {
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
    "d": "http://www.w3.org/2000/09/xmldsig#",
}
ACS = "/signin/saml/acme/acs/"


@pytest.fixture(scope="module")
def idp(tmp_path_factory: Any) -> Idp:
    return Idp(tmp_path_factory.mktemp("idp"))


@pytest.fixture
def acme(way: Callable[..., Any], idp: Idp) -> Any:
    """As an administrator pastes it: from the provider's own metadata."""
    return way("Acme", kind="saml", silent=True, **described(idp.metadata))


@pytest.fixture
def ours(client: Browser, acme: Any) -> str:
    return client.get("/signin/saml/acme/metadata/").content.decode()


@pytest.fixture
def asks(client: Browser, acme: Any) -> Callable[..., str]:
    return lambda browser=client: browser.get("/signin/with/acme/?next=/requests/")["Location"]


@pytest.fixture
def answers(idp: Idp, ours: str) -> Callable[..., str]:
    """A right answer about Bob: `answers(location)`."""

    def make(location: str, name: str = "b0b", address: str = "bob@northwind.example", **changes: Any) -> str:
        return idp.answer(location, ours, name, address, **changes)

    return make


def posts(browser: Browser, xml: str) -> Any:
    """The provider's page posts the answer from another site, and the browser follows to our second page."""
    answer = browser.post(ACS, form(xml))
    assert answer["Location"] == "/signin/saml/acme/done/"
    return browser.get(answer["Location"])


def test_who_is_invited_comes_in_and_is_known_by_the_name_id(
    client: Browser, asks: Any, answers: Any, bob: Any
) -> None:
    answer = posts(client, answers(asks()))
    assert answer["Location"] == "/signin/zone/?next=%2Frequests%2F", client.get("/signin/").content.decode()
    assert client.session["_auth_user_id"] == str(bob.pk)
    made = SocialAccount.objects.get()
    assert (made.provider, made.uid, made.extra_data) == ("acme", "b0b", {})
    client.logout()
    posts(client, answers(asks(), address="robert@elsewhere.example"))
    assert client.session["_auth_user_id"] == str(bob.pk)


def test_its_metadata_is_read_and_ours_is_what_it_reads(acme: Any, idp: Idp, ours: str) -> None:
    assert acme.entity_id == ENTITY
    assert len(acme.certificates) == 1
    assert "http://testserver/signin/saml/acme/acs/" in ours
    assert 'WantAssertionsSigned="true"' in ours


@pytest.mark.parametrize("text", ["", "<a/>", "no xml", '<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>'])
def test_what_is_no_metadata_is_refused_with_a_sentence(text: str) -> None:
    from offboarding.lib.refusals import Refused

    with pytest.raises(Refused, match="not the metadata"):
        described(text)


# ---------------------------------------------------------------- what an attacker makes of an answer


def tree(xml: str) -> Any:
    return etree.fromstring(xml.encode())


def text(root: Any) -> str:
    return etree.tostring(root).decode()


def unsigned(xml: str) -> str:
    root = tree(xml)
    for each in root.iterfind(".//d:Signature", NS):
        each.getparent().remove(each)
    return text(root)


def other_person(xml: str) -> str:
    return xml.replace("b0b", "5am").replace("bob@", "sam@")


def wrapped_before(xml: str) -> str:
    """The signed assertion moves inside a forged one (XSW): who checks one and reads the other is deceived."""
    root = tree(xml)
    signed = root.find("a:Assertion", NS)
    forged = tree(other_person(unsigned(text(signed))))
    forged.set("ID", "forged")
    root.replace(signed, forged)
    forged.append(signed)
    return text(root)


def wrapped_beside(xml: str) -> str:
    """A forged assertion stands before the signed one."""
    root = tree(xml)
    signed = root.find("a:Assertion", NS)
    forged = tree(other_person(unsigned(text(signed))))
    forged.set("ID", "forged")
    signed.addprevious(forged)
    return text(root)


def wrapped_in_signature(xml: str) -> str:
    """The signed assertion hides in an Object of the signature, which now hangs on the forged one."""
    root = tree(xml)
    signed = root.find("a:Assertion", NS)
    forged = copy.deepcopy(signed)
    signature = forged.find("d:Signature", NS)
    forged = tree(other_person(text(forged)))
    forged.set("ID", "forged")
    signature = forged.find("d:Signature", NS)
    hidden = etree.SubElement(signature, "{http://www.w3.org/2000/09/xmldsig#}Object")
    root.replace(signed, forged)
    hidden.append(signed)
    return text(root)


def commented(xml: str) -> str:
    """A comment inside a name: who reads only the first piece takes it for another."""
    return xml.replace("b0b", "b0b<!---->.evil")


def answering_another(xml: str) -> str:
    """Only the outer, unsigned element claims to answer our question."""
    return re.sub(r'(<[^>]*Response [^>]*InResponseTo=")[^"]+', r"\1id-of-another", xml, count=1)


@pytest.mark.parametrize(
    "tampering",
    [unsigned, other_person, wrapped_before, wrapped_beside, wrapped_in_signature, answering_another],
)
def test_an_answer_that_was_tampered_with_lets_nobody_in(
    tampering: Callable[[str], str], client: Browser, asks: Any, answers: Any, bob: Any, sam: Any
) -> None:
    refused(client, posts(client, tampering(answers(asks()))))
    assert not SocialAccount.objects.exists()


def test_a_comment_in_a_name_does_not_cut_it_short(
    client: Browser, asks: Any, answers: Any, bob: Any
) -> None:
    """Canonical XML leaves comments out, so the signature holds; the name must be read whole."""
    posts(client, commented(answers(asks(), name="b0b")))
    assert not SocialAccount.objects.filter(uid="b0b").exists()


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"sp_entity_id": "https://another.example/metadata"}, "for another audience"),
        ({"destination": "http://testserver/signin/saml/other/acs/"}, "for another address"),
        ({"in_response_to": "id-never-asked"}, "answers no question of ours"),
        ({"in_response_to": None}, "unsolicited"),
        ({"sign_assertion": False, "sign_response": True}, "only the envelope is signed"),
        ({"sign_assertion": False}, "nothing is signed"),
        ({"sign_alg": "http://www.w3.org/2000/09/xmldsig#rsa-sha1"}, "signed with SHA-1"),
        ({"issuer": "https://evil.example"}, "another issuer"),
    ],
)
def test_an_answer_that_is_not_for_us_lets_nobody_in(
    changes: dict[str, Any], because: str, client: Browser, asks: Any, answers: Any, bob: Any
) -> None:
    refused(client, posts(client, answers(asks(), **changes)))


def test_a_transient_name_lets_nobody_in(client: Browser, asks: Any, answers: Any, bob: Any) -> None:
    from saml2.saml import NAMEID_FORMAT_TRANSIENT, NameID

    name = NameID(format=NAMEID_FORMAT_TRANSIENT, text="b0b")
    refused(client, posts(client, answers(asks(), name_id=name)))
    assert reasons() == ["no-lasting-name"]


def test_an_answer_of_another_providers_key_lets_nobody_in(
    client: Browser, asks: Any, ours: str, bob: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    from tests.peers import saml

    monkeypatch.setattr(
        saml, "signing_key", lambda: generate_private_key(public_exponent=65537, key_size=2048)
    )
    stranger = Idp(tmp_path)
    refused(client, posts(client, stranger.answer(asks(), ours, "b0b", bob.email)))


def test_an_answer_that_is_too_old_lets_nobody_in(client: Browser, asks: Any, answers: Any, bob: Any) -> None:
    import time

    xml = answers(asks())
    with time_machine.travel(time.time() + 580, tick=False):
        refused(client, posts(client, xml))


def test_an_answer_counts_once(client: Browser, asks: Any, answers: Any, bob: Any) -> None:
    xml = answers(asks())
    posts(client, xml)
    assert is_in(client)
    client.logout()
    refused(client, posts(client, xml))
    other = Browser()
    asks(other)
    refused(other, posts(other, xml))


def test_an_assertion_counts_once_even_for_the_browser_that_asked(
    client: Browser, asks: Any, answers: Any, bob: Any
) -> None:
    """The question is put back, as if two windows had asked the same: the assertion is remembered by itself."""
    from django.core.cache import cache

    xml = answers(asks())
    states = dict(client.session["socialaccount_states"])
    posts(client, xml)
    client.logout()
    session = client.session
    session["socialaccount_states"] = states
    session.save()
    refused(client, posts(client, xml))
    assert reasons() == ["replayed"]
    cache.clear()


def test_an_answer_caught_on_its_way_is_useless_in_another_browser(
    client: Browser, asks: Any, answers: Any, bob: Any
) -> None:
    xml = answers(asks())
    thief = Browser()
    asks(thief)
    refused(thief, posts(thief, xml))
    question = re.search(r' ID="([^"]+)"', inflated(asks(thief)))
    assert question
    refused(
        thief, posts(thief, re.sub(r'InResponseTo="[^"]+"', f'InResponseTo="{question[1]}"', xml, count=1))
    )


def test_an_answer_that_is_too_long_is_not_kept(client: Browser, asks: Any) -> None:
    asks()
    refused(client, client.post(ACS, {"SAMLResponse": "A" * 300_001}))
    assert reasons() == ["too-long"]


def test_nobody_fills_the_database_with_answers_or_the_record_with_refusals(
    client: Browser, acme: Any
) -> None:
    for _ in range(20):
        refused(client, client.get("/signin/saml/acme/done/"))
    assert client.get("/signin/saml/acme/done/").status_code == 429
    assert len(reasons()) == 20
    elsewhere = {"REMOTE_ADDR": "10.1.2.3"}
    for _ in range(60):
        assert client.post(ACS, {"SAMLResponse": "x"}, **elsewhere).status_code == 302
    assert client.post(ACS, {"SAMLResponse": "x"}, **elsewhere).status_code == 429


@pytest.mark.parametrize("sent", ["", "not base64 at all", "PGEvPg=="])
def test_what_is_no_answer_is_a_sentence_and_no_error(sent: str, client: Browser, asks: Any) -> None:
    asks()
    answer = client.post(ACS, {"SAMLResponse": sent})
    refused(client, client.get(answer["Location"]))


def test_the_second_page_alone_is_nothing(client: Browser, acme: Any) -> None:
    refused(client, client.get("/signin/saml/acme/done/"))


def test_a_new_certificate_may_stand_beside_the_old_one(
    client: Browser, asks: Any, answers: Any, acme: Any, bob: Any
) -> None:
    acme.certificates = ["MIIBszCCAVmgAwIBAgIUQm9ndXM=", *acme.certificates]
    acme.save()
    posts(client, answers(asks()))
    assert is_in(client)
