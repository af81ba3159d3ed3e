"""A new login for a warehouse, or for a stored credential: tried, saved, and watched until Segment can connect with it.

The secret cannot be read back, so what proves that a save landed is what can be read: another username, or the time of
the change. Where neither can tell (an answer was lost, and only the password changed) the same values are sent again:
that changes nothing if the first call had landed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from offboarding.connections import keyring
from offboarding.execution.logins import queries, rules
from offboarding.execution.logins.rules import Flat
from offboarding.execution.models import Attempt, Run
from offboarding.execution.queries import history_of
from offboarding.execution.rules import REMEDIES, SETTLE, Act, Cause, Ended, Result, Seen, Sight, Work
from offboarding.execution.steps import Call, Step
from offboarding.gateways.segment import (
    ConnectionState,
    Exchange,
    NotThere,
    SegmentGateway,
    Warehouse,
    protocol,
)

SAVE, PUT_BACK = "save", "put back"
TURN_OF_ANOTHER = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Held:
    """The thing that signs in, as Segment shows it. `asked` are the values that a new login consists of."""

    settings: Flat
    asked: tuple[rules.Asked, ...]
    used_by: tuple[str, ...]
    warehouses: tuple[
        tuple[str, str], ...
    ]  # (id, name): those whose connection tells whether the login works
    kind_id: str = ""
    updated_at: str = ""

    def facts(self) -> dict[str, Any]:
        asked = [[each.name, each.secret, each.required] for each in self.asked]
        return {
            "settings": self.settings,
            "asked": asked,
            "used_by": list(self.used_by),
            "updated_at": self.updated_at,
        }


class UpdateLogin(Step):
    """What warehouses and credentials have in common."""

    gone = ""

    def rests(self, run: Run, now: datetime) -> tuple[datetime, str] | None:
        if other := queries.goes_first(run):
            return now + TURN_OF_ANOTHER, f"{other.item.plan.removal.reference} changes this login"
        return None

    def stands(self, run: Run, work: Work) -> bool:
        return queries.goes_first(run) is None

    def recall(self, run: Run) -> Mapping[str, Any]:
        secret = next(iter(queries.open_logins(run)), None)
        if secret is None:
            return {}
        attempts, calls = list(run.attempts.order_by("number")), queries.calls_with(secret)
        looks = history_of(attempts, run.started_at).looks_since_call
        return {
            "sealed": secret.sealed,
            "saved": outcome(calls, SAVE),
            "back": outcome(calls, PUT_BACK),
            "before": first_before(attempts),
            "waited": looks + 1 >= len(SETTLE),
        }

    def look(self, gateway: SegmentGateway, work: Work) -> Sight:
        held = self.read(gateway, work)
        if isinstance(held, Sight):
            return held
        if not work.known.get("sealed"):
            says = f"signs in as {rules.username_of(held.settings) or 'a user that Segment does not show'}"
            return blocked(held, says, Cause.LOGIN_WANTED, "Enter the new login.")
        if work.known["back"]:
            return self.was_put_back(held, work)
        if work.known["saved"]:
            return self.was_saved(gateway, held, work)
        return self.tried(gateway, held, login_of(work))

    def tried(self, gateway: SegmentGateway, held: Held, login: Mapping[str, str]) -> Sight:
        return ready(held)

    def was_saved(self, gateway: SegmentGateway, held: Held, work: Work) -> Sight:
        login, before = login_of(work), work.known["before"]
        now = rules.username_of(held.settings)
        as_entered = now == rules.username_of(login) or not rules.username_of(login)
        sure = work.known["saved"] == Result.ACCEPTED or (as_entered and self.shows_change(before, held))
        if not (sure and as_entered):
            says = "whether the new login was saved cannot be seen yet"
            return Sight(Seen.PRESENT, says, {**held.facts(), "next": SAVE})
        states = {name: gateway.connection_state(key).value for key, name in held.warehouses}
        failed = [name for name, state in states.items() if state != ConnectionState.CONNECTED]
        facts = {**held.facts(), "states": states}
        if not failed:
            # Without a warehouse that uses it nothing was seen to work.
            return Sight(Seen.ABSENT, works(now, states), facts, ends=None if states else Ended.NOTHING_TO_DO)
        says = f"Segment does not connect with the new login: {', '.join(failed)}"
        if work.known["saved"] != Result.ACCEPTED or not work.known["waited"]:
            return Sight(Seen.PRESENT, says, {**facts, "next": SAVE})
        if rules.old_names(before["settings"], held.settings):
            return Sight(Seen.PRESENT, says, {**facts, "next": PUT_BACK}, afresh=True)
        sentence = f"{says}. The username is as it was. {NEVER_BACK}"
        return blocked(held, says, Cause.LOGIN_REFUSED, sentence)

    def was_put_back(self, held: Held, work: Work) -> Sight:
        left = rules.old_names(work.known["before"]["settings"], held.settings)
        old = rules.username_of(work.known["before"]["settings"])
        done = f"The username could not be put back to {old}." if left else f"The username is {old} again."
        sentence = f"The new login was saved, but Segment does not connect with it. {done} {NEVER_BACK}"
        return blocked(held, "the new login was saved and does not work", Cause.LOGIN_REFUSED, sentence)

    def intent(self, work: Work) -> str:
        name = work.target["login"]
        if work.known.get("saved") == Result.ACCEPTED:
            return f"Put the old username of {name} back in {work.workspace}"
        return f"Save the new login of {name} in {work.workspace}"

    def prepare(self, gateway: SegmentGateway, work: Work, sight: Sight) -> Call:
        settings = sight.facts["settings"]
        if sight.facts["next"] == PUT_BACK:
            old = rules.old_names(work.known["before"]["settings"], settings)
            return self.call(
                gateway, work, rules.changes(settings, old), (), "Segment accepted the old username"
            )
        login = login_of(work)
        changes, secrets = rules.changes(settings, login), rules.secrets_of(login)
        return self.call(gateway, work, changes, secrets, "Segment accepted the new login")

    def read(self, gateway: SegmentGateway, work: Work) -> Held | Sight:
        """What is there, or the sight that ends the step."""
        raise NotImplementedError

    def shows_change(self, before: Mapping[str, Any], held: Held) -> bool:
        """Whether what can be read proves that a call without an answer has landed."""
        return bool(rules.old_names(before["settings"], held.settings))

    def call(
        self,
        gateway: SegmentGateway,
        work: Work,
        changes: dict[str, Any],
        secrets: tuple[str, ...],
        says: str,
    ) -> Call:
        raise NotImplementedError


NEVER_BACK = "The old secret could not be put back: Segment never gives it out. Enter a login that works."


class UpdateWarehouse(UpdateLogin):
    """A warehouse with a login of its own. Segment tries the new one before it is saved."""

    def read(self, gateway: SegmentGateway, work: Work) -> Held | Sight:
        key = work.target["login_id"]
        try:
            found = gateway.warehouse(key)
        except NotThere:
            return missing(key in {each.id for each in gateway.warehouses()}, work)
        return Held(
            settings=rules.readable(found.settings),
            asked=rules.asked_for(found.settings, found.options),
            used_by=tuple(source.name for source in gateway.warehouse_sources(key)),
            warehouses=((key, found.name),),
            kind_id=found.metadata_id,
        )

    def tried(self, gateway: SegmentGateway, held: Held, login: Mapping[str, str]) -> Sight:
        """A warehouse whose other secrets Segment hides is tried without them: it says no rather than yes then."""
        settings, secrets = rules.whole(held.settings, login), rules.secrets_of(login)
        state = gateway.validate_warehouse(held.kind_id, settings, secrets)
        if state is ConnectionState.CONNECTED:
            return ready(held)
        if state is ConnectionState.FAILED:
            sentence = "Segment could not sign in with the new login, so nothing was saved. The old one is still in use."
        else:
            sentence = "Segment did not say whether the new login works, so nothing was saved."
        return blocked(held, "the new login was tried and not saved", Cause.LOGIN_REFUSED, sentence)

    def call(
        self,
        gateway: SegmentGateway,
        work: Work,
        changes: dict[str, Any],
        secrets: tuple[str, ...],
        says: str,
    ) -> Call:
        key = work.target["login_id"]
        preview: Exchange = gateway.preview(protocol.update_warehouse(key, changes, secrets))
        return Call(preview, lambda: gateway.update_warehouse(key, changes, secrets), says)


class UpdateCredential(UpdateLogin):
    """A stored credential. Segment cannot try one before it is saved, so every warehouse that uses it is watched."""

    def read(self, gateway: SegmentGateway, work: Work) -> Held | Sight:
        key = work.target["login_id"]
        try:
            found = gateway.credential(key)
        except NotThere:
            return missing(key in {each.id for each in gateway.credentials()}, work)
        users = gateway.consumers(key)
        names = [each.name for each in users.warehouses] + [each.name for each in users.sources]
        return Held(
            settings=rules.readable(found.settings),
            asked=rules.asked_for(found.settings),
            used_by=tuple(names),
            warehouses=tuple((each.id, each.name) for each in switched_on(users.warehouses)),
            updated_at=found.updated_at,
        )

    def shows_change(self, before: Mapping[str, Any], held: Held) -> bool:
        moved = bool(held.updated_at) and held.updated_at != before.get("updated_at")
        return moved or super().shows_change(before, held)

    def call(
        self,
        gateway: SegmentGateway,
        work: Work,
        changes: dict[str, Any],
        secrets: tuple[str, ...],
        says: str,
    ) -> Call:
        key = work.target["login_id"]
        preview: Exchange = gateway.preview(protocol.update_credential(key, changes, secrets))
        return Call(preview, lambda: gateway.update_credential(key, changes, secrets), says)


def login_of(work: Work) -> dict[str, str]:
    login: dict[str, str] = json.loads(keyring.open_secret(work.known["sealed"]))
    return login


def ready(held: Held) -> Sight:
    facts = {**held.facts(), "next": SAVE}
    return Sight(Seen.PRESENT, "the new login is not saved yet", facts, afresh=True)


def blocked(held: Held, says: str, cause: Cause, sentence: str) -> Sight:
    return Sight(Seen.PRESENT, says, held.facts(), (cause, sentence, REMEDIES[cause]))


def missing(listed: bool, work: Work) -> Sight:
    """A 404 alone proves nothing: absence is confirmed by the whole list."""
    if listed:
        sentence = f"{work.target['login']} is in the list, but cannot be read."
        return Sight(Seen.UNKNOWN, sentence, {}, (Cause.DOUBT, sentence, REMEDIES[Cause.DOUBT]))
    return Sight(Seen.ABSENT, f"{work.target['login']} is no longer in {work.workspace}")


def works(username: str, states: Mapping[str, str]) -> str:
    signs = f"Signs in as {username} with the new login" if username else "The new login is saved"
    if not states:
        return f"{signs}. No warehouse uses it, so nothing can tell whether it works."
    return f"{signs}; Segment is connected: {', '.join(states)}"


def switched_on(warehouses: tuple[Warehouse, ...]) -> list[Warehouse]:
    return [each for each in warehouses if each.enabled is not False]


def outcome(calls: list[Attempt], what: str) -> str:
    """The best that came of the calls of this kind; empty if there was none. Cut off counts as unknown."""
    results = [
        each.result or Result.UNKNOWN for each in calls if (each.seen_before or {}).get("next") == what
    ]
    known = [Result(each) for each in results if each in (Result.ACCEPTED, Result.UNKNOWN)]
    return Result.ACCEPTED.value if Result.ACCEPTED in known else (known[0].value if known else "")


def first_before(attempts: list[Attempt]) -> Mapping[str, Any]:
    """What stood there before the first save of all."""
    saves = (each.seen_before for each in attempts if each.act == Act.CALL and each.seen_before)
    return next((each for each in saves if each.get("next") == SAVE), {"settings": {}})
