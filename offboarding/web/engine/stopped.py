"""Every kind of slow work that can stop: who may see a row of it, how its line reads, and how it is tried again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from offboarding.connections.queries import workspaces_in
from offboarding.directory.queries import clients_in
from offboarding.directory.rules import Scope
from offboarding.discovery import actions as discovery
from offboarding.discovery.models import Look
from offboarding.execution.models import Run
from offboarding.execution.rules import Cause, may_not_work
from offboarding.letters.models import Delivery
from offboarding.letters.rules import TITLES
from offboarding.letters.rules import Kind as Letters
from offboarding.notifications import actions as notifications
from offboarding.notifications.models import Message
from offboarding.packets import actions as packets
from offboarding.packets.models import Packet, Redaction
from offboarding.packets.redaction import actions as redaction
from offboarding.packets.shares.rules import SHARES
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import named_among, removals_for
from offboarding.reports import actions as reports
from offboarding.reports.models import Check
from offboarding.retention import actions as retention
from offboarding.retention import checking, purging
from offboarding.retention.models import EvidenceCheck, Extension, Purge
from offboarding.retention.rules import may_not_purge
from offboarding.stamps.models import Stamping
from offboarding.trail import actions as trail
from offboarding.trail.models import Harvest
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work.models import Order
from offboarding.work.rules import State

SEES = (Role.ADMINISTRATOR, Role.OPERATOR)
PLACES = "places__workspace"  # of a removal, for its clients
Rows = QuerySet[Any]

STOPPED = Q(state=State.NEEDS_PERSON)
# A mail that may have been sent waits for a person too: nobody sends it again by himself.
MAIL = STOPPED | Q(state=State.UNKNOWN, not_before=None)


@dataclass(frozen=True, slots=True)
class Reader:
    user: User
    scope: Scope
    removals: QuerySet[RemovalRequest] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "removals", removals_for(self.scope))

    @property
    def for_all(self) -> bool:
        return self.scope.everywhere(Role.ADMINISTRATOR)

    def administers(self, client: int) -> bool:
        return self.scope.covers(frozenset({client}), Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Line:
    """`url` is empty where there is no page about it, or none that this person may open.

    `may`: this person may have it tried again, here, or at `retry_url`. `twice`: what it does may happen twice then.
    """

    title: str
    says: str
    url: str = ""
    may: bool = False
    again: str = ""
    retry_url: str = ""
    twice: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """`name` as in addresses, `stopped` which rows wait for somebody, `seen` those in sight, whatever their state."""

    name: str
    model: type[Order]
    stopped: Q
    seen: Callable[[Reader], Rows]
    line: Callable[[Reader, Any], Line]
    again: Callable[[Reader, Any], object] | None = None


def everything(model: type[Order]) -> Rows:
    return model._default_manager.all()


def but_made_up_for(model: type[Order], *alike: str, **of: Any) -> Q:
    """Stopped, and no later one of the same has made up for it."""
    later = everything(model).filter(pk__gt=OuterRef("pk"), **of, **{name: OuterRef(name) for name in alike})
    return STOPPED & ~Q(Exists(later))


def of_clients(model: type[Order]) -> Callable[[Reader], Rows]:
    return lambda reader: (
        everything(model).filter(client__in=clients_in(reader.scope, *SEES)).select_related("client")
    )


def of_workspaces(model: type[Order]) -> Callable[[Reader], Rows]:
    places = "workspace__client"
    return lambda reader: (
        everything(model)
        .filter(workspace__in=workspaces_in(reader.scope.of_whole_clients(), *SEES))
        .select_related(places)
    )


def of_all(model: type[Order]) -> Callable[[Reader], Rows]:
    """What is about no client is seen by who administers all of them."""
    return lambda reader: everything(model) if reader.for_all else model._default_manager.none()


def of_removals(model: type[Order], path: str, *beside: str) -> Callable[[Reader], Rows]:
    """`path` leads to the removal, `beside` to what its line tells besides."""
    return lambda reader: (
        everything(model)
        .filter(**{f"{path}__in": reader.removals})
        .select_related(path, *beside)
        .prefetch_related(f"{path}__{PLACES}")
    )


def clients(removal: RemovalRequest) -> frozenset[int]:
    return frozenset(place.workspace.client_id for place in removal.places.all())


def stopped_so(row: Order) -> str:
    return _("It %(what)s.") % {"what": row.waiting_for}


# ---------------------------------------------------------------- about a request


def step(reader: Reader, run: Run) -> Line:
    removal = run.item.plan.removal
    url = f"/requests/{removal.reference}/steps/{run.item.number}/"
    words = {"reference": removal.reference, "number": run.item.number, "title": run.item.title}
    may = not may_not_work(reader.scope, clients(removal), removal.addresses)
    title = _("%(reference)s, step %(number)d: %(title)s") % words
    return Line(title, run.sentence, url, may, retry_url=f"{url}retry/")


def packet(reader: Reader, packet: Packet) -> Line:
    words = {"reference": packet.removal.reference, "version": packet.version}
    return Line(
        _("%(reference)s, evidence packet, version %(version)d") % words,
        packet.trouble or stopped_so(packet),
        f"/requests/{packet.removal.reference}/evidence/",
        not packets.why_not_again(reader.scope, clients(packet.removal)),
        _("Make it again"),
    )


def copy(reader: Reader, made: Redaction) -> Line:
    removal = made.packet.removal
    words = {"reference": removal.reference, "version": made.packet.version}
    return Line(
        _("%(reference)s, redacted copy of packet version %(version)d") % words,
        made.trouble or stopped_so(made),
        f"/evidence/{removal.reference}/v{made.packet.version}/#copy",
        reader.scope.covers(clients(removal), *SHARES),
    )


def letter(reader: Reader, delivery: Delivery) -> Line:
    """It is sent again where it can be read, and where it is said that it may arrive twice."""
    of = delivery.letter
    words = {"reference": of.removal.reference, "title": TITLES[Letters(of.kind)], "client": of.client.name}
    url = f"/requests/{of.removal.reference}/letters/{of.pk}/"
    return Line(
        _("%(reference)s, %(title)s: %(client)s") % words, delivery.trouble or stopped_so(delivery), url
    )


def message(reader: Reader, mail: Message) -> Line:
    """About a request, it is sent again on the request's page. Others have no page but that of the press itself."""
    says = mail.trouble or stopped_so(mail)
    if mail.about:
        words = {"reference": mail.about, "subject": mail.subject}
        return Line(
            _("%(reference)s, message: %(subject)s") % words, says, f"/requests/{mail.about}/messages/"
        )
    title = _("Message to %(who)s: %(subject)s") % {"who": mail.recipient.name, "subject": mail.subject}
    twice = _("The message may have been sent, and may arrive twice.") if mail.handed_over_at else ""
    return Line(title, says, may=reader.for_all, again=_("Send again"), twice=twice)


def messages_in_sight(reader: Reader) -> Rows:
    """A message is about a request by its reference."""
    found = Message.objects.filter(MAIL).exclude(about="").values_list("about", flat=True)[:100]
    about = [removal.reference for removal in named_among(reader.removals, found)]
    nobodys = [""] if reader.for_all else []
    return Message.objects.filter(about__in=[*about, *nobodys]).select_related("recipient")


# ---------------------------------------------------------------- about a client, or all of them


def look(reader: Reader, look: Look) -> Line:
    title = _("Search for a person in %(workspace)s") % {"workspace": look.workspace.name}
    return Line(title, stopped_so(look), may=True, again=_("Search again"))


def harvest(reader: Reader, harvest: Harvest) -> Line:
    words = {"workspace": harvest.workspace.name}
    read = _("Copy of the audit trail of %(workspace)s") % words
    merged = _("File with audit events of %(workspace)s") % words
    url = f"/setup/connections/{harvest.workspace_id}/events/"
    return Line(merged if harvest.file_id else read, stopped_so(harvest), url, may=True)


def check(reader: Reader, check: Check) -> Line:
    return Line(_("Check of the ledger"), stopped_so(check), "/audit/", reader.for_all)


def stamping(reader: Reader, row: Stamping) -> Line:
    return Line(_("Stamping of the ledger"), stopped_so(row), "/audit/", reader.for_all)


def evidence_check(reader: Reader, check: EvidenceCheck) -> Line:
    return Line(_("Check of the evidence"), stopped_so(check), may=reader.for_all)


def extension(reader: Reader, extension: Extension) -> Line:
    may = reader.administers(extension.client_id)
    url = f"/setup/clients/{extension.client_id}/retention/" if may else ""
    title = _("Longer retention of what is kept of %(client)s") % {"client": extension.client.name}
    return Line(title, stopped_so(extension), url, may)


def purge(reader: Reader, purge: Purge) -> Line:
    may = not may_not_purge(reader.scope)
    url = f"/setup/clients/{purge.client_id}/purge/" if may else ""
    title = _("Purge of what is past its last day of %(client)s") % {"client": purge.client.name}
    return Line(title, stopped_so(purge), url, may)


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "steps",
            Run,
            STOPPED & Q(cause=Cause.CRASHED),
            of_removals(Run, "item__plan__removal"),
            step,
        ),
        Kind(
            "packets",
            Packet,
            STOPPED,
            of_removals(Packet, "removal"),
            packet,
            lambda reader, row: packets.make_again(row, reader.user),
        ),
        Kind(
            "copies",
            Redaction,
            STOPPED,
            of_removals(Redaction, "packet__removal"),
            copy,
            lambda reader, row: redaction.try_again(row, reader.user, reader.scope),
        ),
        Kind(
            "letters",
            Delivery,
            MAIL,
            of_removals(Delivery, "letter__removal", "letter__client"),
            letter,
        ),
        Kind(
            "messages",
            Message,
            MAIL & Q(joined_to=None),
            messages_in_sight,
            message,
            lambda reader, row: notifications.send_again(row, reader.user, row.fence),
        ),
        Kind(
            "looks",
            Look,
            but_made_up_for(Look, "person", "workspace"),
            of_workspaces(Look),
            look,
            lambda reader, row: discovery.ask(reader.user, row.addresses, [row.workspace]),
        ),
        Kind(
            "trails",
            Harvest,
            (STOPPED & Q(file__isnull=False)) | but_made_up_for(Harvest, "workspace", file=None),
            of_workspaces(Harvest),
            harvest,
            lambda reader, row: trail.try_again(reader.user, reader.scope, row),
        ),
        Kind(
            "checks",
            Check,
            but_made_up_for(Check),
            of_all(Check),
            check,
            lambda reader, row: reports.try_again(reader.user, reader.scope, row),
        ),
        Kind(
            "stamps",
            Stamping,
            STOPPED,
            of_all(Stamping),
            stamping,
            lambda reader, row: reports.try_stamping_again(reader.user, reader.scope, row),
        ),
        Kind(
            "evidence_checks",
            EvidenceCheck,
            but_made_up_for(EvidenceCheck),
            of_all(EvidenceCheck),
            evidence_check,
            lambda reader, row: checking.try_again(reader.user, reader.scope, row),
        ),
        Kind(
            "extensions",
            Extension,
            STOPPED,
            of_clients(Extension),
            extension,
            lambda reader, row: retention.try_again(reader.user, reader.scope, row),
        ),
        Kind(
            "purges",
            Purge,
            STOPPED,
            of_clients(Purge),
            purge,
            lambda reader, row: purging.try_again(reader.user, row),
        ),
    )
}
