"""A signing key is followed by the next: signed by the one before, valid in its time, never taken back."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from offboarding.ledger import keys
from offboarding.ledger.actions import APP, Event, checkpoint, record
from offboarding.ledger.keys import KeyChanged
from offboarding.ledger.models import Checkpoint, Entry, SigningKey
from offboarding.lib import canonical
from offboarding.lib.signing import Signer
from tests.ledger import forging

pytestmark = pytest.mark.django_db
SEEDS = ["11" * 32, "22" * 32, "33" * 32]
IDS = [Signer.from_seed(bytes.fromhex(seed)).key_id for seed in SEEDS]


@pytest.fixture(autouse=True)
def outside(settings: Any, tmp_path: Any) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    write()


def write() -> None:
    with transaction.atomic():
        record(Event.REMOVAL_FILED, actor=APP, about="R-1")


def sign_with(settings: Any, *seeds: str) -> Any:
    settings.SIGNING_KEY, settings.OLD_SIGNING_KEYS = seeds[0], list(seeds[1:])
    return checkpoint()


def verify(**options: Any) -> str:
    told = StringIO()
    call_command("verify_ledger", stdout=told, **options)
    return told.getvalue()


def test_a_ledger_that_nobody_signed_yet_holds() -> None:
    assert verify() == "1 entries and 0 checkpoints hold.\n"


def test_the_first_key_stands_for_itself(settings: Any) -> None:
    sign_with(settings, SEEDS[0])
    assert [row.key_id for row in SigningKey.objects.all()] == IDS[:1]
    assert not Entry.objects.filter(event=Event.SIGNING_KEY_CHANGED).exists()


def test_a_new_key_is_signed_by_the_old_one_and_noted(settings: Any) -> None:
    for n in range(3):
        write()
        sign_with(settings, *reversed(SEEDS[: n + 1]))
    assert list(SigningKey.objects.values_list("key_id", flat=True)) == IDS
    assert keys.wrong_key() == ""
    told = [
        canonical.loads(bytes(e.body))["facts"] for e in Entry.objects.filter(event=Event.SIGNING_KEY_CHANGED)
    ]
    assert [(each["before"], each["key"], each["vouched"]) for each in told] == [
        (IDS[0], IDS[1], True),
        (IDS[1], IDS[2], True),
    ]
    assert "hold" in verify()
    assert "hold too" in verify(checkpoint=[settings.CHECKPOINT_FILE])


def test_the_old_key_may_be_gone_once_it_has_signed_for_the_new_one(settings: Any) -> None:
    sign_with(settings, SEEDS[0])
    sign_with(settings, SEEDS[1], SEEDS[0])
    write()
    sign_with(settings, SEEDS[1])
    assert "hold" in verify()


def test_a_new_key_for_which_nobody_signs_signs_nothing(settings: Any) -> None:
    sign_with(settings, SEEDS[0])
    write()
    with pytest.raises(KeyChanged, match="Put it behind the new key"):
        sign_with(settings, SEEDS[1])
    assert Checkpoint.objects.count() == 1


def test_a_lost_key_is_said_to_be_lost(settings: Any) -> None:
    sign_with(settings, SEEDS[0])
    settings.SIGNING_KEY = SEEDS[1]
    call_command("replace_signing_key", lost="The machine burnt down.", stdout=StringIO())
    write()
    checkpoint()
    assert f"No key before signed for the key {IDS[1]}: The machine burnt down." in verify()


@pytest.mark.parametrize("why", ["", "x" * 301])
def test_a_key_is_not_lost_without_a_reason(settings: Any, why: str) -> None:
    sign_with(settings, SEEDS[0])
    settings.SIGNING_KEY = SEEDS[1]
    with pytest.raises(CommandError, match="1 to 300"):
        call_command("replace_signing_key", lost=why)
    assert SigningKey.objects.count() == 1


def test_a_key_that_was_given_up_signs_no_more(settings: Any) -> None:
    sign_with(settings, SEEDS[0])
    sign_with(settings, SEEDS[1], SEEDS[0])
    with pytest.raises(KeyChanged, match="was given up"):
        sign_with(settings, SEEDS[0], SEEDS[1])


def test_a_checkpoint_outside_the_time_of_its_key_is_found(settings: Any) -> None:
    """Whoever finds an old key cannot sign today's ledger with it."""
    sign_with(settings, SEEDS[0])
    sign_with(settings, SEEDS[1], SEEDS[0])
    old = Signer.from_seed(bytes.fromhex(SEEDS[0]))
    made = Checkpoint.objects.order_by("-size")[0]
    from base64 import b64encode

    body = canonical.dumps({**canonical.loads(bytes(made.body)), "key_id": old.key_id})
    with forging.without_triggers():
        signature = b64encode(old.sign(body)).decode()
        Checkpoint.objects.filter(pk=made.pk).update(body=body, signature=signature, key_id=old.key_id)
        with pytest.raises(
            CommandError, match=f"signature of the checkpoint at entry {made.size} does not fit"
        ):
            verify()


def test_a_key_that_was_slipped_into_the_chain_is_found(settings: Any) -> None:
    sign_with(settings, SEEDS[0])
    strange = Signer.generate()
    body = keys.statement(strange, SigningKey.objects.get().since, IDS[0], "")
    SigningKey.objects.create(
        key_id=strange.key_id,
        public_key=strange.public_pem().decode(),
        since=SigningKey.objects.get().since,
        body=body,
    )
    with pytest.raises(CommandError, match=f"{IDS[0]} did not sign for the key {strange.key_id}"):
        verify()


def test_a_chain_that_ends_with_another_key_than_ours_is_found(settings: Any) -> None:
    sign_with(settings, SEEDS[0])
    settings.SIGNING_KEY = SEEDS[1]
    with pytest.raises(CommandError, match=f"the newest key is {IDS[0]}, and this installation signs with"):
        verify()


def test_what_an_older_key_of_ours_signed_outside_is_still_ours(settings: Any) -> None:
    from offboarding.ledger import queries

    sign_with(settings, SEEDS[0])
    sign_with(settings, SEEDS[1], SEEDS[0])
    said = queries.statement_in(queries.lines_outside()[0])
    assert said and said.key_id == IDS[0] and queries.signed_by_us(said)
