"""What letters are made of, and which there are. Whoever sees the request sees its letters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from django.db.models import Q, QuerySet

from offboarding.checklist.queries import newest_plan
from offboarding.directory.models import Client
from offboarding.directory.queries import people_with
from offboarding.directory.rules import Scope
from offboarding.evidence.models import Evidence
from offboarding.execution.models import Run
from offboarding.letters.facts import Facts, described, difference
from offboarding.letters.models import Delivery, Letter, TemplateVersion, TermsVersion
from offboarding.letters.rules import OPEN, Conditions, Facing, Kind, Sent, Standing, may_not_write
from offboarding.letters.wording import Wording, Written, written
from offboarding.lib import canonical
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import removals_for
from offboarding.removals.rules import Stage
from offboarding.users.rules import Role
from offboarding.verification.queries import findings_of, restored_now, standings
from offboarding.work.rules import State

SHIPPED = Path(__file__).parent / "shipped"


@cache
def shipped(kind: Kind) -> Wording:
    """The words that the product comes with."""
    subject, _, body = (SHIPPED / f"{kind.value}.txt").read_text(encoding="utf-8").partition("\n\n")
    return Wording(subject, body.strip())


def wording_for(client: Client, kind: Kind) -> Wording:
    """The client's own words for this kind, else ours."""
    newest = TemplateVersion.objects.filter(client=client, kind=kind).order_by("-version").first()
    return newest.wording if newest else shipped(kind)


def terms_of(client: Client) -> TermsVersion | None:
    return TermsVersion.objects.filter(client=client).order_by("-version").first()


def conditions_of(client: Client) -> Conditions:
    """What the client wants; where nothing was set: what the product comes with."""
    newest = terms_of(client)
    return newest.conditions if newest else Conditions()


def clients_in(removal: RemovalRequest) -> list[Client]:
    return list(Client.objects.filter(workspaces__places__removal=removal).distinct().order_by("name"))


class Ground:
    """What the letters about a request are made of, read once for all of its clients. As many queries, however many places."""

    def __init__(self, removal: RemovalRequest) -> None:
        plan = newest_plan(removal)
        assert plan is not None, "a letter is about a plan"
        self.removal, self.not_known = removal, plan.data["not_known"]
        found = Run.objects.filter(item__plan=plan).select_related("item__workspace")
        self.runs, self.findings = list(found.order_by("item__number")), findings_of(removal)
        restored = restored_now([removal]).get(removal.pk, {})
        self.places = standings(plan, self.runs, self.findings, restored)

    def facts(self, client: Client) -> Facts:
        """What may be said about this client's places. One query."""
        own = set(client.workspaces.values_list("pk", flat=True))
        return described(
            head_of(self.removal, client),
            [place for place in self.places if place.workspace_id in own],
            [place for place in self.places if place.workspace_id not in own],
            self.runs,
            self.findings,
            self.not_known,
        )


def facts_of(removal: RemovalRequest, client: Client) -> Facts:
    """What may be said about this client's places now."""
    return Ground(removal).facts(client)


def head_of(removal: RemovalRequest, client: Client) -> dict[str, Any]:
    return {
        "reference": removal.reference,
        "client": client.name,
        "person": removal.person_name,
        "addresses": list(removal.going),
        "lead": removal.requester.name,
        "ticket": removal.ticket,
        "contract": removal.sow,
        "emergency": removal.emergency,
        "zone": removal.time_zone or "UTC",
    }


def changed_since(letter: Letter) -> str:
    """What is not as the letter says any more, in a sentence; empty if all of it is."""
    now = facts_of(letter.removal, letter.client)
    if canonical.digest(now) == letter.facts_digest:
        return ""
    return difference(letter.facts, now)


def read(letter: Letter) -> Written:
    """The letter as it goes."""
    return written(letter.wording, letter.facts, letter.written_at, letter.paragraph)


def text_digest(letter: Letter) -> str:
    shown = read(letter)
    return canonical.digest([shown.subject, shown.text])


def facing(letter: Letter) -> Facing:
    return Facing(
        Kind(letter.kind),
        Standing(letter.standing),
        letter.removal.emergency,
        letter.texted_by_id,
        letter.removal.requester_id,
    )


def letters_of(removal: RemovalRequest) -> list[Letter]:
    """Every letter about a request, oldest first, with its copies. Two queries."""
    beside = ("client", "texted_by", "approved_by", "released_by", "removal__requester")
    found = Letter.objects.filter(removal=removal).select_related(*beside)
    return list(
        found.prefetch_related(
            "deliveries__file", "deliveries__document", "deliveries__word_by", "deliveries__word_proof"
        )
    )


def left_unsent(scope: Scope) -> list[Letter]:
    """Letters that neither went nor were given up though their request is closed, for whoever may write them."""
    found = (
        Letter.objects.filter(standing__in=OPEN, removal__stage=Stage.CLOSED, removal__in=removals_for(scope))
        .defer("facts_body")
        .select_related("client", "removal")
        .prefetch_related("removal__places__workspace")
        .order_by("removal__closed_at", "pk")
    )

    def writes(removal: RemovalRequest) -> bool:
        clients = frozenset(place.workspace.client_id for place in removal.places.all())
        return not may_not_write(scope, removal.requester_id, clients)

    return [each for each in found if writes(each.removal)]


def letter_of(removal: RemovalRequest, pk: int) -> Letter | None:
    return next((each for each in letters_of(removal) if each.pk == pk), None)


def gone(delivery: Delivery) -> bool:
    return delivery.state == State.DONE


def went(letter: Letter) -> bool:
    """True once every copy went: the mail server took it, or the document was made."""
    copies = list(letter.deliveries.all())
    return bool(copies) and all(gone(each) for each in copies)


def standing_of(removal: RemovalRequest) -> list[Sent]:
    return [
        Sent(each.client_id, Kind(each.kind), Standing(each.standing), went(each))
        for each in letters_of(removal)
    ]


def addressed_to(letter: Letter, today: Any) -> str:
    """Where it goes as far as we know: a line of addresses with commas."""
    kind = Kind(letter.kind)
    if kind is Kind.CONFIRMATION:
        return letter.removal.requester.email
    if kind is Kind.COLLABORATOR:
        return letter.removal.stays or letter.removal.email
    known = conditions_of(letter.client).addresses.get(kind.value, "")
    if not known and kind is Kind.SECURITY:
        people = people_with(Role.SECURITY, frozenset({letter.client_id}), today)
        return ", ".join(each.email for each in people[:5])
    return known


def files_of(removals: Sequence[RemovalRequest] | QuerySet[RemovalRequest]) -> QuerySet[Evidence]:
    """What was kept because of the letters of these requests: mails, documents, and what shows how they arrived."""
    found = Delivery.objects.filter(letter__removal__in=removals)
    return Evidence.objects.filter(
        Q(pk__in=found.values("file"))
        | Q(pk__in=found.values("document"))
        | Q(pk__in=found.values("word_proof"))
    )
