"""People who sign in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from offboarding.ledger.models import Entry, Personal
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from tests.conftest import PASSWORD


@pytest.mark.django_db
def test_an_address_signs_in_one_person_whatever_its_case() -> None:
    User.objects.create_user("zoe@northwind.example", "Zoe", PASSWORD)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("Zoe@northwind.example", "Zoe", PASSWORD)


def test_an_actor_is_named_by_a_number_that_stays(alice: Any) -> None:
    actor = actor_of(alice)
    assert (actor.kind, actor.id, actor.label) == ("user", str(alice.pk), "Alice")


def test_a_sign_in_is_in_the_ledger_and_so_is_a_refused_one(client: Client, alice: Any) -> None:
    from django.urls import reverse

    page = reverse("account_login")
    client.post(page, {"login": alice.email, "password": "wrong"})
    assert Entry.objects.get().event == "user.sign_in_failed"
    assert Personal.objects.get(name="address").value == alice.email
    client.post(page, {"login": alice.email, "password": PASSWORD})
    assert Entry.objects.latest("seq").event == "user.signed_in"
    assert Entry.objects.latest("seq").actor_id == str(alice.pk)


def test_secrets_of_codes_are_sealed(settings: Any) -> None:
    from offboarding.users.adapter import MFAAdapter

    adapter = MFAAdapter()
    sealed = adapter.encrypt("JBSWY3DPEHPK3PXP")
    assert "JBSWY3DPEHPK3PXP" not in sealed
    assert adapter.decrypt(sealed) == "JBSWY3DPEHPK3PXP"


Make = Callable[..., Any]
