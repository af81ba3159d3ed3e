"""pysaml2 as the identity provider: other people's code that reads our questions and writes the answers.

It signs with libxmlsec1 through `xmlsec`, which is installed with the product, and not through the program `xmlsec1`, which
a machine may lack. `Tampering` of the answers is the tests' business.
"""

from __future__ import annotations

import base64
import datetime
import sys
import warnings
import zlib
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from lxml import etree

from tests.peers.openid import signing_key

with warnings.catch_warnings():  # of ciphers that it offers and nobody uses here
    warnings.simplefilter("ignore")
    from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
    from saml2.config import IdPConfig
    from saml2.metadata import entity_descriptor
    from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
    from saml2.server import Server
    from saml2.sigver import CryptoBackend
    from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

ENTITY, THERE = "https://idp.northwind.example/saml", "https://idp.northwind.example/sso"
PASSWORD_CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


class Libxmlsec(CryptoBackend):
    def sign_statement(self, statement: Any, node_name: str, key_file: str, node_id: str) -> str:
        root = etree.fromstring(statement if isinstance(statement, bytes) else str(statement).encode())
        tag = node_name.rpartition(":")
        wanted = f"{{{tag[0]}}}{tag[2]}"
        node = root if root.tag == wanted else root.find(f".//{wanted}")
        assert node is not None
        signed = xmlsec.SignatureContext()
        signed.key = xmlsec.Key.from_file(key_file, xmlsec.constants.KeyDataFormatPem)
        signed.register_id(node, "ID")
        signed.sign(xmlsec.tree.find_child(node, "Signature", xmlsec.constants.DSigNs))
        return etree.tostring(root).decode()


class Idp:
    """Keys and certificate live in `folder`."""

    def __init__(self, folder: Path, entity: str = ENTITY) -> None:
        key, certificate = folder / "idp.key", folder / "idp.crt"
        write_keys(key, certificate)
        self.entity, self.servers = entity, dict[str, Server]()
        self.config = {
            "entityid": entity,
            "xmlsec_binary": sys.executable,  # must exist; it is not run
            "key_file": str(key),
            "cert_file": str(certificate),
            "service": {
                "idp": {
                    "endpoints": {"single_sign_on_service": [(THERE, BINDING_HTTP_REDIRECT)]},
                    "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None}},
                }
            },
        }

    @property
    def metadata(self) -> str:
        # It would ask the program which algorithms it knows, to list them in an extension that nobody reads.
        with patch("saml2.metadata.algorithm_support_in_metadata", return_value=[]):
            return str(entity_descriptor(IdPConfig().load(dict(self.config))))

    def server(self, ours: str) -> Server:
        """With our metadata, as an administrator would give it."""
        if ours not in self.servers:
            made = Server(config=IdPConfig().load({**self.config, "metadata": {"inline": [ours]}}))
            made.sec.crypto = Libxmlsec()
            self.servers[ours] = made
        return self.servers[ours]

    def question(self, location: str, server: Server) -> Any:
        """Our question, as pysaml2 reads it."""
        query = parse_qs(urlsplit(location).query)
        return server.parse_authn_request(query["SAMLRequest"][0], BINDING_HTTP_REDIRECT).message

    def answer(self, location: str, ours: str, name: str, address: str = "", **changes: Any) -> str:
        """The signed answer to the question at `location`, in XML. `changes` are arguments of pysaml2's."""
        server = self.server(ours)
        asked = self.question(location, server)
        given: dict[str, Any] = {
            "identity": {"mail": [address]} if address else {},
            "in_response_to": asked.id,
            "destination": asked.assertion_consumer_service_url,
            "sp_entity_id": asked.issuer.text,
            "name_id": NameID(format=NAMEID_FORMAT_PERSISTENT, text=name),
            "authn": {"class_ref": PASSWORD_CONTEXT, "authn_auth": self.entity},
            "sign_assertion": True,
            "sign_response": False,
            "sign_alg": SIG_RSA_SHA256,
            "digest_alg": DIGEST_SHA256,
            **changes,
        }
        return str(server.create_authn_response(**given))


def write_keys(key: Path, certificate: Path) -> None:
    private = signing_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.northwind.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .sign(private, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain
        )
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def form(xml: str) -> dict[str, str]:
    """As the provider's page posts it."""
    return {"SAMLResponse": base64.b64encode(xml.encode()).decode(), "RelayState": ""}


def inflated(location: str) -> str:
    packed = parse_qs(urlsplit(location).query)["SAMLRequest"][0]
    return zlib.decompress(base64.b64decode(packed), -15).decode()


__all__ = ["BINDING_HTTP_POST", "ENTITY", "Idp", "form", "inflated"]
