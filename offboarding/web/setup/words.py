"""Entries of the ledger about the directory, its connections and settings, in words after the actor's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.directory.frameworks import known
from offboarding.ledger.events import Event
from offboarding.web.removal import timeline

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Facts = Mapping[str, Any]

FIELDS: dict[str, StrOrPromise] = {
    "name": lazy("name"),
    "time_zone": lazy("time zone"),
    "contact": lazy("contact"),
    "frameworks": lazy("frameworks"),
    "retention_years": lazy("years that records are kept"),
    "lead": lazy("lead"),
    "starts_on": lazy("first day"),
    "ends_on": lazy("last day"),
    "sow": lazy("contract or SOW"),
    "kind": lazy("kind"),
    "environment": lazy("environment"),
    "environment_wanted": lazy("environment, once a second person agrees"),
    "managed_by": lazy("managed"),
    "provider_group": lazy("identity provider's group"),
    "owners": lazy("owners"),
    "owner_contact": lazy("contact"),
    "support_days": lazy("support days"),
    "support_from": lazy("support from"),
    "support_until": lazy("support until"),
}


def changes(facts: Facts) -> str:
    """ "name: “Acme” became “Acme Ltd”; last day: nothing became “2027-01-31”"."""
    changed: Mapping[str, list[Any]] = {**facts.get("changed", {}), **owners(facts)}
    return "; ".join(
        _("%(field)s: %(before)s became %(after)s")
        % {"field": FIELDS.get(name, name), "before": value(before), "after": value(after)}
        if name != "lead"
        else _("lead: somebody else became %(name)s") % {"name": facts.get("lead", _("somebody"))}
        for name, (before, after) in sorted(changed.items(), key=lambda each: order(each[0]))
    )


def owners(facts: Facts) -> Mapping[str, list[Any]]:
    """By their names, which stand apart from their numbers."""
    if "owners" not in facts.get("changed", {}):
        return {}
    both = zip(("owners before", "owners"), facts["changed"]["owners"], strict=True)
    return {"owners": [named(facts, name) if numbers else None for name, numbers in both]}


def order(name: str) -> int:
    """As the form has them, not as the ledger sorts them."""
    return list(FIELDS).index(name) if name in FIELDS else len(FIELDS)


def value(given: Any) -> str:
    if isinstance(given, list):
        given = ", ".join(each.name for each in known(given)) or ", ".join(map(str, given))
    return _("nothing") if given in (None, "") else f"“{given}”"


def renamed(facts: Facts) -> str:
    told = [changes(facts)] if facts.get("changed") else []
    if facts.get("renamed"):
        words = _("name: “%(before)s” became “%(after)s”")
        told.append(words % {"before": facts.get("name before", "?"), "after": facts.get("name", "?")})
    return "; ".join(told)


def covered(facts: Facts) -> str:
    told = []
    if facts["gained"]:
        told.append(_("added the workspaces %(names)s") % {"names": ", ".join(facts["gained"])})
    if facts["lost"]:
        told.append(_("took off the workspaces %(names)s") % {"names": ", ".join(facts["lost"])})
    return "; ".join(told)


def named(facts: Facts, key: str = "name") -> str:
    return str(facts.get(key) or _("somebody whose name was erased"))


WORDS: dict[Event, Callable[[Facts], str]] = {
    Event.CLIENT_ADDED: lambda facts: _("added the client %(client)s") % facts,
    Event.CLIENT_CHANGED: lambda facts: _("changed %(what)s") % {"what": changes(facts)},
    Event.CLIENT_ENDED: lambda facts: _("ended the work for this client: %(why)s") % facts,
    Event.CLIENT_REOPENED: lambda facts: _("opened the client again"),
    Event.RETENTION_CHANGED: lambda facts: _("changed %(what)s") % {"what": changes(facts)},
    Event.RETENTION_EXTENDED: lambda facts: (
        _("kept %(files)s files and %(packets)s packets for longer: %(years)s years") % facts
    ),
    Event.EVIDENCE_PURGED: lambda facts: (
        ngettext("deleted %(n)d file for good", "deleted %(n)d files for good", len(facts["sha256"]))
        % {"n": len(facts["sha256"])}
    ),
    Event.PURGE_ASKED: lambda facts: _("asked for a purge of %(files)s files and packets: %(why)s") % facts,
    Event.PURGE_CONFIRMED: lambda facts: _("confirmed the purge of %(files)s files and packets") % facts,
    Event.PURGE_DECLINED: lambda facts: _("declined the purge: %(why)s") % facts,
    Event.PURGE_ENDED: lambda facts: (
        _("ended the purge: %(files)s of %(asked)s files and packets are gone") % facts
    ),
    Event.LETTER_WORDS_CHANGED: lambda facts: (
        _("changed the words of a letter to %(client)s (%(kind)s), version %(version)s") % facts
    ),
    Event.LETTER_TERMS_CHANGED: lambda facts: (
        _("changed which letters go to %(client)s, version %(version)s") % facts
    ),
    Event.HOLD_PUT_ON: lambda facts: timeline.WORDS[Event.HOLD_PUT_ON](dict(facts)),
    Event.HOLD_LIFTED: lambda facts: timeline.WORDS[Event.HOLD_LIFTED](dict(facts)),
    Event.ENGAGEMENT_ADDED: lambda facts: (
        _("added the engagement %(name)s, led by %(lead)s")
        % {"name": facts["engagement"], "lead": named(facts, "lead")}
    ),
    Event.ENGAGEMENT_CHANGED: lambda facts: _("changed %(what)s") % {"what": changes(facts)},
    Event.ENGAGEMENT_ENDED: lambda facts: _("ended it, with %(last_day)s as the last day: %(why)s") % facts,
    Event.ENGAGEMENT_REOPENED: lambda facts: _("opened the engagement again"),
    Event.PLACES_COVERED: covered,
    Event.COLLABORATOR_ADDED: lambda facts: (
        _("added %(name)s with %(addresses)s")
        % {"name": named(facts), "addresses": named(facts, "addresses")}
    ),
    Event.COLLABORATOR_CHANGED: lambda facts: _("changed %(what)s") % {"what": renamed(facts)},
    Event.COLLABORATORS_MERGED: lambda facts: (
        _("merged %(gone)s into %(name)s; addresses that moved: %(addresses)s")
        % {"gone": named(facts, "gone"), "name": named(facts), "addresses": named(facts, "addresses")}
    ),
    Event.ADDRESS_ADDED: lambda facts: (
        _("added the address %(address)s") % {"address": named(facts, "address")}
    ),
    Event.ADDRESS_RETIRED: lambda facts: (
        _("retired the address %(address)s") % {"address": named(facts, "address")}
    ),
    Event.ADDRESS_BACK: lambda facts: (
        _("took the address %(address)s back") % {"address": named(facts, "address")}
    ),
    Event.JOINED_ROSTER: lambda facts: _("put %(name)s on the roster") % {"name": named(facts)},
    Event.LEFT_ROSTER: lambda facts: _("took %(name)s off the roster") % {"name": named(facts)},
    Event.SETTING_CHANGED: lambda facts: _("made version %(version)s of the settings %(group)s") % facts,
    Event.BATCH_FILED: lambda facts: _("filed for %(people)s people at once, %(left_out)s left out") % facts,
    Event.WORKSPACE_CONNECTED: lambda facts: _("connected the workspace with the token %(token)s") % facts,
    Event.WORKSPACE_WANTED: lambda facts: (
        _("asked %(owner)s to connect the workspace %(workspace)s")
        % {
            "owner": facts["owner name"] if "owner name" in facts else _("somebody"),
            "workspace": facts["workspace"],
        }
    ),
    Event.WORKSPACE_NOT_WANTED: lambda facts: _("took back the wish to connect %(workspace)s") % facts,
    Event.WORKSPACE_DISCONNECTED: lambda facts: _("disconnected the workspace: %(why)s") % facts,
    Event.WORKSPACE_CHANGED: lambda facts: _("changed %(what)s") % {"what": changes(facts)},
    Event.TOKEN_REPLACED: lambda facts: _("replaced the token; it is now %(token)s") % facts,
    Event.TOKEN_REFUSED: lambda facts: _("found that Segment refuses the token: %(why)s") % facts,
    Event.TOKEN_GREW_OLD: lambda facts: (
        _("found that the token is %(days)s days old or more: replace it") % facts
    ),
    Event.ENGINE_TRY_ASKED: lambda facts: _("asked for one more try of %(what)s") % facts,
    Event.TOKEN_WORKS_AGAIN: lambda facts: _("found that the token works again"),
    Event.TRAIL_COPIED: lambda facts: (
        _("copied the audit trail: %(events)s events, %(new)s of them new") % facts
    ),
    Event.TRAIL_NOT_COPIED: lambda facts: _("could not copy the audit trail: %(says)s") % facts,
    Event.TRAIL_FILE_ADDED: lambda facts: _("added a file of the audit trail with %(lines)s lines") % facts,
    Event.CIRCUIT_OPENED: lambda facts: _("got no clear answer many times in a row"),
    Event.CIRCUIT_CLOSED: lambda facts: _("got an answer again"),
}
