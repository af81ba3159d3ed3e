"""What the steps of a rotation show beside what all steps show. Fingerprints only."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.checklist.models import ChecklistItem
from offboarding.execution.models import Run, Secret
from offboarding.execution.rotation import queries
from offboarding.execution.rotation.rules import CONFIRM, HAND_OVER, short
from offboarding.execution.rules import Cause
from offboarding.web.cards import ActCard, CodeCard, FactCard, NoticeCard
from offboarding.web.removal.overview import Overview
from offboarding.web.steps.extras import EXTRAS, Extra
from offboarding.work.rules import State


@dataclass(frozen=True, slots=True)
class KeyCard:
    facts: tuple[FactCard, ...] = ()
    notice: NoticeCard | None = None
    acts: tuple[ActCard, ...] = ()


def register() -> None:
    EXTRAS["add-write-key"] = added
    EXTRAS[HAND_OVER] = handing_over
    EXTRAS[CONFIRM] = confirming
    EXTRAS["remove-old-keys"] = removing


def extra(facts: list[FactCard], notice: NoticeCard | None = None, acts: tuple[ActCard, ...] = ()) -> Extra:
    return Extra("steps/_key.html", KeyCard(tuple(facts), notice, acts))


def url_of(view: Overview, item: ChecklistItem) -> str:
    return f"{view.url}steps/{item.number}/key/"


def code(key: str) -> CodeCard:
    return CodeCard(short(key), label=_("Fingerprint of the key"))


def codes(keys: list[str]) -> tuple[CodeCard, ...]:
    return tuple(code(key) for key in keys)


# ---- the step that adds -----------------------------------------------------------------------------------------


def added(view: Overview, item: ChecklistItem, run: Run) -> Extra:
    facts = [FactCard(_("Keys when the plan was made"), codes(item.target["keys"]))]
    facts += hanging(run)
    undecided = run.state == State.NEEDS_PERSON and run.cause == Cause.DOUBT and not run.manual
    acts = choices(run, url_of(view, item)) if undecided and not view.why_not else ()
    return extra(facts, None, acts)


def choices(run: Run, url: str) -> tuple[ActCard, ...]:
    """One button for each key that appeared, and one that adds another."""
    fresh = queries.newest_look(run).get("fresh", ())
    single = len(fresh) == 1
    label = _("Take this key as the new one") if single else _("Take %(key)s as the new one")
    takes = [
        ActCard(
            label if single else label % {"key": short(key)}, f"{url}take/?key={key}", "main", dialog=True
        )
        for key in fresh
    ]
    return (*takes, ActCard(_("Add a key all the same"), f"{url}add/", "quiet", dialog=True))


def hanging(add: Run) -> list[FactCard]:
    """What gets the source's events, as it was read before the key was added."""
    read = queries.consumers_of(add)
    told = []
    if "destinations" in read:
        told.append(FactCard(_("Destinations"), tuple(read["destinations"]) or _("None")))
    if "warehouses" in read:
        told.append(FactCard(_("Warehouses"), tuple(read["warehouses"]) or _("None")))
    if "events" in read:
        told.append(
            FactCard(_("Events in the 7 days before"), number_format(read["events"], force_grouping=True))
        )
    if read.get("unread"):
        told.append(FactCard(_("Could not be read"), ", ".join(read["unread"])))
    return told


# ---- the step that hands over -----------------------------------------------------------------------------------


def handing_over(view: Overview, item: ChecklistItem, run: Run) -> Extra:
    add = queries.adding(run)
    secret = queries.new_secret(add) if add else None
    url = url_of(view, item)
    if secret is None:
        return extra([], NoticeCard("neutral", _("The new key is not there yet."), not_yet(add)))
    facts = [FactCard(_("New key"), code(secret.fingerprint))]
    if secret.revealed_at:
        return extra([*facts, *seen_by(view, secret)], None, lost(view, run, url))
    if run.state != State.NEEDS_PERSON or view.why_not:
        return extra(facts)
    if run.assigned_to_id != view.user.pk:
        return extra(facts, NoticeCard("attention", *who_first(run)))
    text = _("You show who you are, then you see it once. Open the vault before.")
    act = ActCard(_("Show the new key once"), f"{url}ask/", "main", post=True)
    return extra(facts, NoticeCard("info", _("The new key waits for you."), text), (act,))


def not_yet(add: Run | None) -> str:
    if add is None or add.state == State.CANCELLED or add.manual:
        return _("We did not add it. Whoever made it by hand hands it over.")
    return _("It is added in step %(number)d.") % {"number": add.item.number}


def who_first(run: Run) -> tuple[str, str]:
    if run.assigned_to:
        return (
            _("The new key waits for %(who)s.") % {"who": run.assigned_to.name},
            _("Nobody else can see it. Hand the step to somebody else if they do not take it."),
        )
    return (
        _("Hand this step to the person who takes the key."),
        _("Nobody can see the key before that. Hand the step to yourself if you put it into the vault."),
    )


def seen_by(view: Overview, secret: Secret) -> list[FactCard]:
    assert secret.revealed_at and secret.revealed_to
    who = _("%(who)s, %(when)s") % {
        "who": secret.revealed_to.name,
        "when": view.clock.says(secret.revealed_at),
    }
    note = _("It was shown once and is forgotten here. Nobody can see it again.")
    return [FactCard(_("Seen by"), who, note=note)]


def lost(view: Overview, run: Run, url: str) -> tuple[ActCard, ...]:
    if run.state != State.NEEDS_PERSON or view.why_not:
        return ()
    return (ActCard(_("It was lost"), f"{url}lost/", "quiet", dialog=True),)


# ---- the steps that confirm and remove --------------------------------------------------------------------------


def confirming(view: Overview, item: ChecklistItem, run: Run) -> Extra:
    add, going = queries.adding(run), queries.outgoing(run)
    facts = [FactCard(_("New key"), code(going.new))] if going.new else []
    facts += [FactCard(_("Old keys that go"), codes(sorted(going.old)))] if going.old else []
    facts += [FactCard(_("Grace time"), grace(int(item.target["grace_days"])))]
    facts += hanging(add) if add else []
    notice = None
    if run.state == State.NEEDS_PERSON and (why := queries.not_confirmable(run)):
        notice = NoticeCard("neutral", why)
    return extra(facts, notice)


def grace(days: int) -> str:
    if not days:
        return _("None: the old keys go as soon as this is signed off")
    return ngettext("%(n)d day after this is signed off", "%(n)d days after this is signed off", days) % {
        "n": days
    }


def removing(view: Overview, item: ChecklistItem, run: Run) -> Extra:
    going = queries.outgoing(run)
    facts = [FactCard(_("New key, which stays"), code(going.new))] if going.new else []
    facts += [FactCard(_("Old keys, which go"), codes(sorted(going.old)))] if going.old else []
    stopped = run.state == State.NEEDS_PERSON and run.cause == Cause.DOUBT and not run.manual
    if not (stopped and going.new and going.confirmed) or view.why_not:
        return extra(facts)
    act = ActCard(_("Start over with another key"), f"{url_of(view, item)}lost/", "quiet", dialog=True)
    return extra(facts, None, (act,))
