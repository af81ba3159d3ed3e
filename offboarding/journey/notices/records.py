"""What is kept: a purge waits for a second person, or the nightly walk found something missing or changed."""

from __future__ import annotations

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from offboarding.directory.queries import people_holding, scope_of
from offboarding.directory.rules import Scope
from offboarding.evidence.models import Evidence
from offboarding.journey.notices.case import actor_of, today
from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.notifications import handlers
from offboarding.notifications.rules import Draft
from offboarding.packets.models import Packet
from offboarding.removals.queries import clients_of
from offboarding.retention.models import Purge
from offboarding.retention.rules import PURGERS, may_not_purge
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work.rules import State

WATCH = (Role.ADMINISTRATOR, Role.SECURITY, Role.AUDITOR)


def register() -> None:
    handlers.register(Event.PURGE_ASKED, asked, decided)
    handlers.register(Event.EVIDENCE_CHECKED, wrong, not_yours)


# ---------------------------------------------------------------- a purge


def purge_of(entry: Entry) -> Purge:
    return Purge.objects.select_related("client").get(pk=entry.facts["purge"])


def asked(entry: Entry) -> list[Draft]:
    """To every other administrator who may confirm it."""
    purge = purge_of(entry)
    return [
        Draft(
            to=user,
            kind="purge asked",
            subject=_("Confirm or decline: purge records of %(client)s") % {"client": purge.client.name},
            lead=_("It takes a second administrator. Nothing is deleted before one confirms it."),
            facts=[
                (_("Asked by"), actor_of(entry)),
                (_("Client"), purge.client.name),
                (_("What"), _("%(n)d files and packets, %(size)s") % {"n": purge.files, "size": filesizeformat(purge.size)}),
                (_("Last day before"), purge.before.isoformat()),
                (_("Why"), purge.why),
            ],
            url=f"/setup/clients/{purge.client_id}/purge/",
        )
        for user, scope in people_holding(PURGERS, today())
        if not may_not_purge(scope, purge.asked_by_id)
    ]  # fmt: skip


def decided(entry: Entry, user: User) -> str:
    purge = purge_of(entry)
    if purge.state != State.WAITING or purge.confirmed_by_id:
        return "The purge is decided already."
    return may_not_purge(scope_of(user, today()), purge.asked_by_id)


# ---------------------------------------------------------------- the nightly walk


def wrong(entry: Entry) -> list[Draft]:
    """To everybody who watches over the records of a client that is concerned, and over those of all."""
    facts = entry.facts
    if not facts["wrong"]:
        return []
    clients = concerned(entry)
    return [
        Draft(
            to=user,
            kind="evidence is wrong",
            subject=_("The nightly check found evidence that is missing or changed"),
            lead=_(
                "Do not delete or replace anything. Find out what happened to the folder or bucket, and restore the files"
                " from a backup."
            ),
            facts=[
                (_("Missing or changed"), str(facts["wrong"])),
                (_("Read"), _("%(files)d files, %(packets)d packets") % facts),
                (_("Check it again"), "manage.py verify_evidence"),
            ],
            url=f"/audit/{entry.seq}/" if scope.everywhere(*WATCH) else "/evidence/",
        )
        for user, scope in people_holding(WATCH, today())
        if watches(scope, clients)
    ]


def concerned(entry: Entry) -> frozenset[int]:
    """The clients of the files and packets that it names. What no row names belongs to nobody in particular."""
    names = [told.partition(": ")[2] for told in entry.facts["named"]]
    files = Evidence.objects.filter(sha256__in=names).exclude(client=None).values_list("client", flat=True)
    packets = Packet.objects.filter(file__in=names).select_related("removal")
    of_packets = [pk for each in packets for pk in clients_of(each.removal)]
    return frozenset(pk for pk in (*files, *of_packets) if pk)


def watches(scope: Scope, clients: frozenset[int]) -> bool:
    return scope.everywhere(*WATCH) or bool(clients & scope.clients(*WATCH))


def not_yours(entry: Entry, user: User) -> str:
    if watches(scope_of(user, today()), concerned(entry)):
        return ""
    return f"{user.name} does not watch over these records any more."
