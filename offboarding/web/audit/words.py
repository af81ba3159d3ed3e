"""One entry of the ledger as a sentence, and one event as words for a filter."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.web.removal import timeline
from offboarding.web.setup import words as setup

NOUNS = {
    "user": lazy("People who sign in"),
    "client": lazy("Clients"),
    "workspace": lazy("Workspaces"),
    "trail": lazy("Copies of audit trails"),
    "discovery": lazy("Searches"),
    "setting": lazy("Settings"),
    "batch": lazy("Lists of people"),
    "removal": lazy("Requests"),
    "plan": lazy("Plans and decisions"),
    "items": lazy("Steps that began"),
    "engagement": lazy("Engagements"),
    "retention": lazy("How long records are kept"),
    "hold": lazy("Legal holds"),
    "purge": lazy("Purges"),
    "collaborator": lazy("Collaborators"),
    "policy": lazy("Approval policies"),
    "signin": lazy("Ways to sign in"),
    "apikey": lazy("API keys"),
    "secrets": lazy("Sealing"),
    "call": lazy("Calls to Segment"),
    "item": lazy("Steps"),
    "secret": lazy("Secrets"),
    "key": lazy("Write keys"),
    "token": lazy("Old tokens"),
    "proof": lazy("Proofs"),
    "attachment": lazy("Attachments"),
    "finding": lazy("Fresh reads"),
    "delivery": lazy("Delivery"),
    "packet": lazy("Packets"),
    "share": lazy("Packets shared outside"),
    "evidence": lazy("Evidence"),
    "message": lazy("Messages"),
    "letter": lazy("Letters"),
    "engine": lazy("The engine"),
    "ledger": lazy("The ledger"),
    "audit": lazy("This log"),
    "population": lazy("Population reports"),
}
# What is about no request, after the actor's name; the object of the act follows.
ACTS = {
    Event.USER_ADDED: lazy("let somebody in"),
    Event.USER_INVITED: lazy("invited"),
    Event.ROLES_CHANGED: lazy("changed the roles of"),
    Event.USER_CORRECTED: lazy("put right the name or the address of"),
    Event.PERSON_PROPOSED: lazy("proposed a change of the access of"),
    Event.PERSON_AGREED: lazy("agreed to a change of the access of"),
    Event.PERSON_DECLINED: lazy("declined a change of the access of"),
    Event.PERSON_WITHDRAWN: lazy("withdrew a change of the access of"),
    Event.USER_DISABLED: lazy("disabled"),
    Event.USER_ENABLED: lazy("enabled"),
    Event.SESSIONS_ENDED: lazy("ended sign-ins on other browsers"),
    Event.FACTOR_ADDED: lazy("set up a second factor"),
    Event.FACTOR_REMOVED: lazy("removed a second factor"),
    Event.FACTORS_TAKEN: lazy("took away the lost second factor of"),
    Event.SIGNED_IN: lazy("signed in"),
    Event.SIGN_IN_FAILED: lazy("refused a sign-in for"),
    Event.LINKED: lazy("came from a provider of sign-in for the first time:"),
    Event.UNLINKED: lazy("forgot the provider account of"),
    Event.BREAK_GLASS_USED: lazy("used the break-glass account"),
    Event.WAY_IN_ADDED: lazy("added the provider of sign-in"),
    Event.WAY_IN_CHANGED: lazy("changed the provider of sign-in"),
    Event.WAY_IN_CONFIRMED: lazy("confirmed the provider of sign-in"),
    Event.WAY_IN_REMOVED: lazy("removed the provider of sign-in"),
    Event.API_KEY_MADE: lazy("made the API key"),
    Event.API_KEY_ENDED: lazy("ended the API key"),
    Event.WORKSPACE_CONNECTED: lazy("connected the workspace"),
    Event.TOKEN_REPLACED: lazy("replaced the token of"),
    Event.TOKEN_GREW_OLD: lazy("found old the token of"),
    Event.TOKEN_REFUSED: lazy("was refused the token of"),
    Event.TOKEN_WORKS_AGAIN: lazy("found that the token works again of"),
    Event.CIRCUIT_OPENED: lazy("leaves alone, for the moment,"),
    Event.CIRCUIT_CLOSED: lazy("speaks again with"),
    Event.LOOK_ASKED: lazy("asked what a person holds"),
    Event.LOOK_ENDED: lazy("looked for a person in"),
    Event.CALL_INTENDED: lazy("is about to call:"),
    Event.CALL_CLOSED: lazy("was answered:"),
    Event.REMOVAL_MOVED: lazy("moved the request"),
    Event.ENGINE_PAUSED: lazy("let the engine stand still:"),
    Event.ENGINE_RESUMED: lazy("let the engine go on"),
    Event.SIGNING_KEY_CHANGED: lazy("signs with another key from now on:"),
    Event.LEDGER_CHECKED: lazy("checked the ledger"),
    Event.EVIDENCE_CHECKED: lazy("read all files of evidence:"),
    Event.POPULATION_OPENED: lazy("opened the population report"),
    Event.POPULATION_EXPORTED: lazy("exported the population report"),
    Event.SAMPLE_DOWNLOADED: lazy("downloaded the packets of a sample"),
    Event.AUDIT_OPENED: lazy("opened the audit log"),
    Event.AUDIT_PROOF_TAKEN: lazy("took the proof of an entry"),
    Event.AUDIT_EXPORTED: lazy("exported the audit log"),
    Event.AUDIT_EXPORT_ENDED: lazy("took all of an export of the audit log"),
}
OBJECTS = (
    "name",
    "address",
    "subject",
    "to",
    "client",
    "workspace",
    "provider",
    "intent",
    "why",
    "key",
    "entries",
    "rows",
)


def says(entry: Entry) -> str:
    """After the actor's name. What has no words of its own is called by the name of its event."""
    event = Event(entry.event)
    if event not in ACTS:
        try:
            if about_setup := setup.WORDS.get(event):
                return about_setup(facts_of(entry))
            words = timeline.sentence(timeline.read(entry))
            return named(event) if words == event.value else words
        except KeyError:  # an entry that tells less than others of its kind
            return named(event)
    told = facts_of(entry)
    if event is Event.REMOVAL_MOVED:
        return _("moved the request on to “%(to)s”") % {"to": told.get("to", "")}
    if event is Event.CALL_CLOSED:
        return f"{ACTS[event]} {told.get('says', '')} ({told.get('result', '')})"
    if event is Event.LEDGER_CHECKED:
        holds = _("all %(n)s entries hold") % {"n": told.get("entries", "")}
        return _("checked the ledger: %(found)s") % {"found": told.get("says") or holds}
    if event is Event.EVIDENCE_CHECKED and {"files", "packets", "wrong"} <= told.keys():
        whole = _("%(files)s files and %(packets)s packets are as they were") % told
        return f"{ACTS[event]} {whole if not told['wrong'] else _('%(wrong)s are missing or changed') % told}"
    found = next((str(told[name]) for name in OBJECTS if told.get(name)), "")
    return f"{ACTS[event]} {found}".strip()


def facts_of(entry: Entry) -> dict[str, Any]:
    return {**entry.facts, **names_of(entry)}


def actor_of(entry: Entry) -> str:
    return names_of(entry).get("actor") or str(_("Somebody whose name was erased"))


def names_of(entry: Entry) -> dict[str, str]:
    return {each.name: each.value for each in entry.personal.all()}


def named(event: Event) -> str:
    """ "plan.question_asked" in words: "plan: question asked"."""
    noun, _dot, act = event.value.partition(".")
    return f"{noun}: {act.replace('_', ' ')}"


def options() -> list[tuple[str, str]]:
    """For the filter: each kind, and beneath it each event."""
    found: list[tuple[str, str]] = []
    kinds = dict.fromkeys(event.value.partition(".")[0] for event in Event)
    for noun in kinds:
        events = [event for event in Event if event.value.startswith(f"{noun}.")]
        label = str(NOUNS.get(noun, noun.replace("_", " ").capitalize()))
        found.append((noun if len(events) > 1 else events[0].value, label))
        found += [(event.value, f"– {event.value}") for event in events if len(events) > 1]
    return found
