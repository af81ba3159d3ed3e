"""Legal holds: on a client or on one request, by security and administrators, with a reason, one at a time."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.retention import actions as verbs
from offboarding.retention.models import LegalHold
from offboarding.retention.queries import hold_on, holds_over

pytestmark = pytest.mark.django_db


def code(act: Any, *given: Any) -> str:
    with pytest.raises(Refused) as refusal:
        act(*given)
    return refusal.value.code


def test_a_hold_on_a_client_is_over_all_its_requests(filed: Any, clients: dict[str, Any], sam: Any) -> None:
    removal, other = filed("Acme Production"), filed("Globex Production")
    made = verbs.put_on(sam, clients["Acme"], "Lawsuit 7", "code")
    assert holds_over(removal) == [made] and holds_over(other) == []
    verbs.lift(sam, clients["Acme"], "Settled", "code")
    assert holds_over(removal) == [] and hold_on(clients["Acme"]) is None


def test_a_requests_own_hold_comes_first(filed: Any, clients: dict[str, Any], sam: Any) -> None:
    removal = filed("Acme Production")
    verbs.put_on(sam, clients["Acme"], "Lawsuit 7", "code")
    own = verbs.put_on(sam, removal, "Incident", "code")
    assert holds_over(removal)[0] == own and len(holds_over(removal)) == 2


def test_the_ledger_says_who_and_why_both_times(filed: Any, sam: Any) -> None:
    removal = filed()
    verbs.put_on(sam, removal, "Incident", "code")
    verbs.lift(sam, removal, "Closed", "passkey")
    found = Entry.objects.filter(event__startswith="hold.").order_by("seq")
    assert [(each.event, each.about) for each in found] == [
        ("hold.put_on", removal.reference),
        ("hold.lifted", removal.reference),
    ]
    assert b'"why":"Incident"' in bytes(found[0].body) and b'"was":"Incident"' in bytes(found[1].body)


def test_refused_without_a_reason_twice_and_where_there_is_none(clients: dict[str, Any], sam: Any) -> None:
    acme = clients["Acme"]
    assert code(verbs.put_on, sam, acme, "  ", "code") == "no-reason"
    assert code(verbs.lift, sam, acme, "x", "code") == "not-held"
    verbs.put_on(sam, acme, "Lawsuit", "code")
    assert code(verbs.put_on, sam, acme, "Lawsuit", "code") == "held-already"
    assert LegalHold.objects.count() == 1


def test_only_security_and_administrators_of_every_client(
    filed: Any, clients: dict[str, Any], person: Any, olga: Any, ada: Any
) -> None:
    from offboarding.users.rules import Role

    both = filed("Acme Production", "Globex Production")
    half = person("half", Role.SECURITY, clients_=("Acme",))
    for user in (olga, half):
        assert code(verbs.put_on, user, both, "x", "code") == "not-a-holder"
    verbs.put_on(half, clients["Acme"], "x", "code")
    verbs.put_on(ada, both, "x", "code")
    assert code(verbs.lift, olga, both, "x", "code") == "not-a-holder"


BAD = [
    ({"lifted_because": "", "lifted_at": "2030-01-01T00:00Z"}, "lifted without a word"),
    ({"client": None}, "on nothing"),
    ({"why": ""}, "without a reason"),
]


def test_the_database_refuses_holds_that_say_too_little(clients: dict[str, Any], sam: Any) -> None:
    made = verbs.put_on(sam, clients["Acme"], "Lawsuit", "code")
    for fields, reason in BAD:
        with pytest.raises(IntegrityError), transaction.atomic():
            LegalHold.objects.filter(pk=made.pk).update(**fields)
        assert LegalHold.objects.get().why == "Lawsuit", reason
