"""Reading a playbook's file. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from offboarding.checklist.rules import (
    PHASES,
    Kind,
    Phase,
    Playbook,
    Step,
)
from offboarding.checklist.spreads import CONDITIONS, SPREADS


def playbook(
    data: Mapping[str, Any], first: Playbook | None = None, base: Playbook | None = None
) -> Playbook:
    """Read a playbook's file. Its steps may wait for steps of the one that comes `first`.

    `base` is the playbook that it extends: all of its steps, without those that are left out, some of them changed, and
    further ones behind. Raises ValueError with a sentence that names the step.
    """
    rows = data.get("step", ())
    steps = extended(base, data) if base else tuple(step(row) for row in rows)
    codes = {each.code for each in (*(first.steps if first else ()), *steps)}
    for each in steps:
        if missing := set(each.waits_for) - codes:
            raise ValueError(
                f"Step {each.code} waits for {', '.join(sorted(missing))}, which is not in the playbook."
            )
    return Playbook(
        data["name"],
        data["version"],
        steps,
        reasons=tuple(data.get("reasons", ())),
        says=data.get("says", ""),
        hurry=data.get("hurry", base.hurry if base else False),
        gives_again=data.get("gives_again", False),
        extends=base,
    )


def extended(base: Playbook, data: Mapping[str, Any]) -> tuple[Step, ...]:
    left_out, changes = set(data.get("without", ())), {row["code"]: row for row in data.get("change", ())}
    if unknown := (left_out | set(changes)) - {each.code for each in base.steps}:
        raise ValueError(f"{', '.join(sorted(unknown))} is not in the playbook that is extended.")
    steps = [changed(each, changes.get(each.code, {})) for each in base.steps if each.code not in left_out]
    for row in data.get("step", ()):
        insert(
            steps, step({name: value for name, value in row.items() if name != "after"}), row.get("after", "")
        )
    # What is left out holds up nothing.
    return tuple(
        replace(each, waits_for=tuple(code for code in each.waits_for if code not in left_out))
        for each in steps
    )


def changed(each: Step, row: Mapping[str, Any]) -> Step:
    return checked(replace(each, **typed(row))) if row else each


def insert(steps: list[Step], new: Step, after: str) -> None:
    """Behind the step with this code; without one, behind the last of its phase."""
    order = list(PHASES)
    places = [
        at
        for at, each in enumerate(steps, 1)
        if (each.code == after if after else order.index(each.phase) <= order.index(new.phase))
    ]
    if after and not places:
        raise ValueError(f"Step {new.code} stands behind {after}, which is not in the playbook.")
    steps.insert(places[-1] if places else 0, new)


def step(row: Mapping[str, Any]) -> Step:
    try:
        made = Step(**{**typed(row), "phase": Phase(row["phase"]), "kind": Kind(row.get("kind", "manual"))})
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError(f"Step {row.get('code', '?')} cannot be read: {error}.") from error
    return checked(made)


LISTS = ("how", "waits_for")


def typed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if name in LISTS else value for name, value in row.items()}


def checked(made: Step) -> Step:
    if made.when not in CONDITIONS or made.each not in SPREADS:
        raise ValueError(f"Step {made.code} has an unknown condition or repetition.")
    return made


def by_reason(books: Iterable[tuple[str, Playbook]]) -> dict[str, str]:
    """The name of the playbook for each reason. Raises ValueError where two want the same."""
    found: dict[str, str] = {}
    for name, book in books:
        for reason in book.reasons:
            if found.setdefault(reason, name) != name:
                raise ValueError(f"{name} and {found[reason]} are both for {reason}.")
    return found
