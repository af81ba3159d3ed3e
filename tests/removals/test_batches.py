"""Lists of people: what is wrong with each row, and that a list is filed once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from offboarding.directory.models import Engagement, Membership
from offboarding.directory.queries import scope_of
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.removals import batches
from offboarding.removals.batches import Terms
from offboarding.removals.models import Batch
from offboarding.removals.sheets import Typed
from offboarding.users.rules import Role
from tests.conftest import DAN

KIM = Typed("kim@partner.example", name="Kim")


@pytest.fixture
def begin(alice: Any, today: date) -> Callable[..., Batch]:
    def make(*rows: Typed, by: Any = alice, reason: str = "contract-ended", **terms: Any) -> Batch:
        given = Terms(reason, "Europe/Berlin", **terms)
        return batches.begin(by, scope_of(by, today), given, rows or (KIM,), datetime.now(UTC))

    return make


@pytest.fixture
def wrong(alice: Any, today: date) -> Callable[..., dict[int, str]]:
    def of(batch: Batch) -> dict[int, str]:
        found = batches.faults(list(batch.rows.all()), batches.known(scope_of(alice, today)), batch.reason)
        return {number: fault.says for number, fault in found.items()}

    return of


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        (Typed("nobody"), "Enter an e-mail address"),
        (Typed(""), "Enter an e-mail address"),
        (Typed("x" * 300 + "@y.example"), "Enter an e-mail address"),
        (Typed("a@x.example", "b@x.example nonsense"), "“nonsense” is not"),
        (Typed("a@x.example", " ".join(f"b{n}@x.example" for n in range(10))), "at most 10"),
        (Typed("ALICE@northwind.example"), "your own address"),
        (Typed("a@x.example", engagement="Nowhere"), "no engagement of this name"),
        (Typed("a@x.example", engagement="Twice"), "Acme, Globex each have"),
        (Typed("a@x.example", reason="boredom"), "not in the catalogue"),
        (Typed("a@x.example", reason="something-broke"), "not in the catalogue"),
        (Typed("a@x.example", reason="accounts-consolidated"), "Name the account that stays"),
        (Typed("a@x.example", stays="b@x.example"), "so the reason is: Accounts consolidated"),
        (Typed("a@x.example", stays="A@x.example", reason="Accounts consolidated"), "This account goes"),
        (Typed("a@x.example", stays="b@x", reason="accounts-consolidated"), "is not an e-mail address"),
        (
            Typed("a@x.example", stays="b@x.example", takes="Source Admin", reason="accounts-consolidated"),
            "nothing is taken alone",
        ),
        (Typed(DAN), "R-1001 is open"),
        (Typed("a@x.example", DAN.upper()), "R-1001 is open"),
    ],
)
def test_a_row_says_what_is_wrong_with_it(
    row: Typed, wanted: str, begin: Any, wrong: Any, filed: Any, clients: dict[str, Any], alice: Any
) -> None:
    filed("Acme Production")
    for name in ("Acme", "Globex"):
        Engagement.objects.create(client=clients[name], name="Twice", lead=alice)
    says = wrong(begin(KIM, row))
    assert list(says) == [2]
    assert wanted in says[2]


def test_an_engagement_and_a_reason_may_be_written_in_any_case(
    begin: Any, wrong: Any, clients: dict[str, Any], alice: Any
) -> None:
    Engagement.objects.create(client=clients["Acme"], name="Analytics", lead=alice)
    assert wrong(begin(Typed("a@x.example", engagement="ANALYTICS", reason="Contract Ended"))) == {}


def test_the_second_row_with_one_address_names_the_first(begin: Any, wrong: Any) -> None:
    batch = begin(Typed("a@x.example", "b@x.example"), KIM, Typed("c@x.example", "B@x.example"))
    assert "Row 1 has this address already" in wrong(batch)[3]


def test_other_clients_engagements_are_not_known(
    begin: Any, wrong: Any, clients: dict[str, Any], carol: Any
) -> None:
    Engagement.objects.create(client=clients["Hooli"], name="Secret", lead=carol)
    assert "no engagement of this name" in wrong(begin(Typed("a@x.example", engagement="Secret")))[1]


def test_a_row_brings_along_what_ones_clients_know_the_person_by(
    begin: Any, wrong: Any, known_as: Any, clients: dict[str, Any], alice: Any, today: date
) -> None:
    lee = SimpleNamespace(name="Lee", email="Lee@x.example")
    for email, client in (("lee@home.example", "Acme"), ("lee@OLD.example", "Globex")):
        known_as(lee, email, client)
    Membership.objects.filter(user=alice).delete()
    Membership.objects.create(user=alice, role=Role.REQUESTER.value, client=clients["Acme"])
    batch = begin(
        Typed("lee@x.example", "lee@more.example"),
        Typed("kim@x.example"),
        Typed("LEE@home.example", stays="lee@x.example", reason="accounts-consolidated"),
    )
    others = [row.others for row in batch.rows.all()]
    assert others == ["lee@more.example lee@home.example", "", ""]
    assert "Row 1 has this address already" in wrong(batch)[3]


def test_a_draft_of_ones_own_is_not_overwritten(begin: Any, wrong: Any, drafted: Any) -> None:
    drafted("Acme Production")
    assert "draft of yours" in wrong(begin(Typed(DAN)))[1]


def test_judging_rows_takes_the_same_queries_however_many(
    begin: Any, alice: Any, today: date, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    many = [Typed(f"p{n}@x.example") for n in range(150)]
    rows = list(begin(*many).rows.all())
    scope = scope_of(alice, today)
    with django_assert_max_num_queries(3):
        assert batches.faults(rows, batches.known(scope), "contract-ended") == {}


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"reason": "boredom"}, "reason"),
        ({"starts_at": datetime.now(UTC) - timedelta(days=1)}, "day"),
        ({"starts_at": datetime.now(UTC) + timedelta(days=9999)}, "day"),
    ],
)
def test_what_holds_for_all_is_checked_before_anything_is_kept(
    terms: dict[str, Any], field: str, begin: Any
) -> None:
    with pytest.raises(Refused) as refusal:
        begin(**terms)
    assert refusal.value.facts["field"] == field
    assert not Batch.objects.exists()


def test_only_who_files_begins_a_list(begin: Any, bob: Any) -> None:
    with pytest.raises(Refused) as refusal:
        begin(by=bob)
    assert refusal.value.code == "not-a-requester"


def test_a_list_with_a_wrong_row_is_not_filed_until_it_is_mended_or_left_out(
    begin: Any, alice: Any, today: date
) -> None:
    batch, scope = begin(KIM, Typed("nobody"), Typed("also nobody")), scope_of(alice, today)
    with pytest.raises(Refused, match="2, 3"):
        batches.file(alice, scope, batch)
    batches.mend(alice, batch, {2: Typed("now@somebody.example")}, [3])
    assert batches.file(alice, scope, batch) == 2
    assert list(batch.rows.values_list("state", flat=True)) == ["waiting", "waiting", "left out"]
    entry = Entry.objects.get(event="batch.filed")
    assert entry.about == f"batch:{batch.pk}"


def test_pressing_twice_files_once(begin: Any, alice: Any, today: date) -> None:
    batch, scope = begin(), scope_of(alice, today)
    batches.file(alice, scope, batch)
    with pytest.raises(Refused) as refusal:
        batches.file(alice, scope, batch)
    assert refusal.value.code == "filed-already"
    assert Entry.objects.filter(event="batch.filed").count() == 1


def test_a_list_is_its_owners_alone(begin: Any, alice: Any, person: Any, today: date) -> None:
    rita = person("rita", Role.REQUESTER)
    batch = begin()
    with pytest.raises(Refused) as refusal:
        batches.file(rita, scope_of(rita, today), batch)
    assert refusal.value.code == "not-yours"


def test_with_every_row_left_out_there_is_nobody_to_file_for(begin: Any, alice: Any, today: date) -> None:
    batch = begin()
    batches.mend(alice, batch, {}, [1])
    with pytest.raises(Refused, match="nobody to file for"):
        batches.file(alice, scope_of(alice, today), batch)
