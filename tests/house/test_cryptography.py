"""Keys and algorithms as `docs/cryptography.md` lists them, read out of the code and of what it really makes."""

from __future__ import annotations

import ast
import base64
import math
import re
import ssl

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import generate_totp_secret
from cryptography.fernet import Fernet
from django.conf import global_settings, settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.sessions.backends.db import SessionStore
from fido2.cose import CoseKey

from offboarding import env
from offboarding.gateways.deadline import _tls
from offboarding.lib.sealing import Sealer
from offboarding.lib.signing import Signer
from offboarding.packets.shares import rules as shares
from offboarding.users import keys
from tests.house.source import PRODUCT, ROOT, listing, modules, room_of, tree

PAGE = (ROOT / "docs" / "cryptography.md").read_text(encoding="utf-8")
USES = ("hashlib", "hmac", "secrets", "ssl", "cryptography", "django.utils.crypto", "django.core.signing")
NAMED = re.compile(r"_signed_cookie$")
HASHES = {"sha256", "sha512"}


def part(title: str) -> str:
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


def uses(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            found = [each.name for each in names]
        case ast.ImportFrom(module=str(module)):
            found = [module]
        case ast.Attribute(attr=name):
            return bool(NAMED.search(name))
        case _:
            return False
    return any(each == use or each.startswith(f"{use}.") for each in found for use in USES)


def test_every_file_that_uses_cryptography_is_listed_and_no_other() -> None:
    told = set(re.findall(r"`([\w/]+\.py)`", part("Where")))
    found = {
        str(path.relative_to(PRODUCT))
        for path in modules()
        if room_of(path) != "simulators" and any(uses(node) for node in ast.walk(tree(path)))
    }
    assert found == told, listing(sorted(found ^ told))


def test_no_other_hash_is_used() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for path in modules()
        if room_of(path) != "simulators"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value) == "hashlib"
        and node.attr not in HASHES
    ]
    assert not wrong, listing(wrong)


# What each really makes, in bits; as the page tells them.
DRAWN = {
    "API keys": lambda: math.log2(64) * 43 // 8 * 8,
    "names of sign-ins": lambda: math.log2(36) * len(new_session_name()),
    "seeds of authenticator apps": lambda: 5 * len(generate_totp_secret()),
    "seeds of recovery codes": lambda: 4 * len(RecoveryCodes.generate_seed()),
    "salts of passwords": lambda: math.log2(62) * len(PBKDF2PasswordHasher().salt()),
}


def new_session_name() -> str:
    return SessionStore()._get_new_session_key()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("what", DRAWN)
@pytest.mark.django_db
def test_what_is_drawn_has_the_bits_that_are_told_and_128_at_least(what: str) -> None:
    (told,) = re.findall(rf"^\| {re.escape(what)} \| (\d+)", part("Drawn by chance"), re.MULTILINE)
    assert int(told) == int(DRAWN[what]()) >= 128


def test_short_codes_are_the_only_short_ones_and_live_shortly() -> None:
    short = {
        what
        for what, bits in re.findall(r"^\| ([^|]+) \| (\d+)", part("Drawn by chance"), re.MULTILINE)
        if int(bits) < 128
    }
    assert short == {"codes for shared packets", "recovery codes"}
    assert int(math.log2(10**shares.DIGITS)) == 26 and shares.TRIES == 5
    assert shares.CODE_LASTS.total_seconds() == 600


def test_every_key_in_use_has_128_bits_or_more() -> None:
    """The keys that `make_keys` prints, and those that this very process runs on."""
    fresh = env.fresh_keys()
    for sealing in (*settings.SEALING_KEYS, fresh["OFFBOARD_SEALING_KEYS"]):
        fernet = Fernet(sealing)
        assert len(fernet._encryption_key) * 8 == len(fernet._signing_key) * 8 == 128
    for seed in (settings.SIGNING_KEY, fresh["OFFBOARD_SIGNING_KEY"]):
        signer = Signer.from_seed(bytes.fromhex(seed))
        assert (
            signer._key.public_key().public_bytes_raw().__len__() * 8 == 256 and len(signer.sign(b"x")) == 64
        )
    assert len(base64.urlsafe_b64decode(fresh["OFFBOARD_SECRET_KEY"])) * 8 >= 256
    assert len(settings.SECRET_KEY) >= 50
    found = keys.SHAPE.pattern.rpartition("{")[2]
    assert found.startswith("43}"), "43 signs of base64 are 32 bytes"


def test_what_is_sealed_is_fernet_and_never_twice_the_same() -> None:
    sealer = Sealer(settings.SEALING_KEYS)
    one, two = sealer.seal("x"), sealer.seal("x")
    assert one != two and base64.urlsafe_b64decode(one)[0] == 0x80, "Fernet's version"


def test_passwords_are_hashed_as_it_is_told() -> None:
    (told,) = re.findall(r"PBKDF2-HMAC-SHA256, ([\d,]+) rounds", part("Hashes"))
    assert int(told.replace(",", "")) == PBKDF2PasswordHasher.iterations
    assert PBKDF2PasswordHasher().digest().name == "sha256"
    assert global_settings.PASSWORD_HASHERS[0].endswith(".PBKDF2PasswordHasher")


def test_calls_to_the_outside_are_tls_1_2_or_better_with_good_ciphers() -> None:
    context = _tls()
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
    for each in context.get_ciphers():
        assert each["strength_bits"] >= 128 and each["name"].startswith(("TLS_", "ECDHE-", "DHE-")), each


def test_passkeys_are_of_the_algorithms_that_are_told() -> None:
    (row,) = re.findall(r"^\| public keys of passkeys \| ([^|]+) \|", part("Keys"), re.MULTILINE)
    names = {CoseKey.for_alg(alg).__name__.upper() for alg in CoseKey.supported_algorithms()}
    families = {re.sub(r"[\d_]*$", "", name) if name.startswith("ML") else name for name in names}
    assert families <= {name.replace("-", "").upper() for name in row.split(", ")}, families
