"""What notices say at the end. Verified is said of nothing that was not read again."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.checklist.rules import Phase
from offboarding.execution.models import Run
from offboarding.execution.queries import runs_of
from offboarding.execution.rules import Ended
from offboarding.journey.notices.case import Case, Words, at, local, short, some, where, who
from offboarding.users.models import User
from offboarding.verification.queries import PlaceStanding, findings_of, restored_now, standings
from offboarding.verification.rules import Now

# Where a skipped step means that something may still be open to the person.
MATTERS = (Phase.REMOVE, Phase.ROTATE, Phase.VERIFY)

# What leaves nothing behind: what was given back for a time has ended too.
GONE = ("remove", "restore")


def closed(case: Case, user: User) -> Words:
    runs = runs_of(case.plan)
    restored = restored_now([case.removal]).get(case.removal.pk, {})
    places = standings(case.plan, runs, findings_of(case.removal), restored)
    words = {"who": short(case.removal.email), "n": len(gone(places)), "all": len(places)}
    subject = _("Closed: %(who)s is verified gone from %(n)d of %(all)d workspaces")
    if fully(places, runs):
        subject = ngettext(
            "Access is fully revoked: %(who)s, %(n)d workspace",
            "Access is fully revoked: %(who)s, %(n)d workspaces",
            len(places),
        )
    lead = _("%(ref)s is closed. Verified means: we read Segment again and the access was not there.")
    facts = [fact for fact in standing(places, runs, user) if fact[1]]
    return Words(subject % words, lead % {"ref": case.removal.reference}, facts, case.url)


def gone(places: Sequence[PlaceStanding]) -> list[PlaceStanding]:
    return [place for place in places if place.now is Now.VERIFIED and place.choice in GONE]


def fully(places: Sequence[PlaceStanding], runs: Sequence[Run]) -> bool:
    return len(gone(places)) == len(places) and not any(run.item.phase in MATTERS for run in waived(runs))


def standing(places: Sequence[PlaceStanding], runs: Sequence[Run], user: User) -> list[tuple[str, str]]:
    """Every place stands in exactly one of the lists."""
    less = [place for place in places if place.now is Now.VERIFIED and place.choice not in GONE]
    partly = [place for place in less if place.choice == "reduce"]
    open_ = [place for place in places if place.now not in (Now.VERIFIED, Now.KEPT)]
    return [
        (_("Verified gone"), named(gone(places), len(places))),
        (
            _("Read-only"),
            "\n".join(f"{place.workspace} ({place.planned})" for place in less if place not in partly),
        ),
        (_("Only some taken away"), "\n".join(f"{place.workspace} ({place.planned})" for place in partly)),
        (
            _("Kept"),
            "\n".join(f"{each.workspace} ({each.planned})" for each in places if each.now is Now.KEPT),
        ),
        (_("Not verified"), "\n".join(f"{place.workspace}: {place.says}" for place in open_)),
        (_("Skipped"), "\n".join(f"{run.item.title}: {run.note}" for run in waived(runs))),
        (_("Next looks"), ", ".join(looks(runs, user))),
    ]


def named(places: Sequence[PlaceStanding], whole: int) -> str:
    words = {"n": len(places), "all": whole, "names": some(place.workspace for place in places)}
    return _("%(n)d of %(all)d: %(names)s") % words if places else ""


def waived(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.ended == Ended.WAIVED]


def looks(runs: Sequence[Run], user: User) -> list[str]:
    """The days on which we look again, without the time."""
    days = {local(run.not_before, user).date() for run in runs if run.item.at and run.not_before}
    return [dateformat.format(day, "j M Y") for day in sorted(days)]


def sealed(case: Case, user: User) -> Words:
    words = {"version": case.facts["version"], "who": short(case.removal.email)}
    facts = [
        (_("Packet"), _("version %(version)s, sealed %(at)s") % {**words, "at": at(case.entry.at, user)}),
        (_("SHA-256 of the bag"), str(case.facts["bag_sha256"])),
        who(case),
        where(case),
    ]
    lead = _("The evidence of this request is sealed. Anybody who has the packet can check it without us.")
    url = f"/evidence/{case.removal.reference}/"
    return Words(_("The packet is sealed: %(who)s, version %(version)s") % words, lead, facts, url)


def old_token(case: Case, user: User) -> Words:
    words = {"token": case.facts["token"], "who": short(case.removal.email)}
    place = str(case.facts["workspace"]) or _("another workspace")
    facts = [
        who(case),
        (_("Token"), str(case.facts["token"])),
        (_("Works in"), place),
        (_("At"), at(case.entry.at, user)),
        (_("Tried by"), case.actor),
    ]
    lead = _(
        "A token that should be gone was tried, and Segment accepts it. A step to remove it is on the checklist."
    )
    subject = _("A token of %(who)s still works: %(token)s") % words
    return Words(subject, lead, facts, f"{case.url}checklist/?show=mine")


def came_back(case: Case, user: User) -> Words:
    words = {"who": short(case.removal.email), "workspace": case.facts["workspace"]}
    facts = [
        who(case),
        (_("Workspace"), str(case.facts["workspace"])),
        (_("Seen"), str(case.facts["says"])),
        (_("At"), at(case.entry.at, user)),
        (_("Lead"), case.removal.requester.name),
    ]
    lead = _(
        "A later look found access that was verified gone before. It is not removed. File a new request."
    )
    subject = _("Access came back: %(who)s in %(workspace)s") % words
    return Words(subject, lead, facts, f"{case.url}timeline/")
