"""Which roles went, and on what: from the plan's own record, with the names that the look before it saw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from offboarding.checklist.models import Plan
from offboarding.discovery.rules import NOUNS, Held, Sighting
from offboarding.packets import contents as made
from offboarding.verification.queries import PlaceStanding


def resources(
    places: Sequence[PlaceStanding], stood: Sequence[made.Place], plan: Plan
) -> Iterable[made.ResourceAccess]:
    """Each role that went with the membership."""
    held = {each["workspace_id"]: each for each in plan.data["places"]}
    seen = {each.workspace_id: each.sighting for each in plan.snapshots.all()}
    for each, told in zip(places, stood, strict=True):
        if each.choice == "keep":
            continue
        for role, on in roles_of(held[each.workspace_id], seen.get(each.workspace_id)):
            name, _, reach = role["role"].partition(", ")
            yield made.ResourceAccess(
                place=each.workspace,
                kind="role",
                name=reach or "whole workspace",
                role=name,
                through=role["group"],
                removed_at=told.removed_at,
                verified_at=told.verified_at,
                on=on,
            )


def roles_of(
    place: Mapping[str, Any], seen: Sighting | None
) -> Iterator[tuple[dict[str, Any], tuple[made.Thing, ...]]]:
    """The roles that a place loses: where only some go, exactly those, each on its thing, and the groups by name."""
    if place["choice"] == "reduce":
        for each in place["lost"]:
            yield {"role": f"{each['name']}, {each['on']}" if each["on"] else each["says"], "group": ""}, ()
        return
    left = list(seen.roles) if seen else []
    for role in place["roles"]:
        found = next(
            (each for each in left if (each.says(), each.group) == (role["role"], role["group"])), None
        )
        if found:
            left.remove(found)
        yield role, tuple(things(found, seen)) if found and seen else ()


def things(role: Held, seen: Sighting) -> Iterator[made.Thing]:
    """What the role named, thing by thing; without a name where it could not be read. A whole workspace is none."""
    names = {each.id: each.name for each in (*seen.reach.sources, *seen.reach.named)}
    for kind, key in role.resources:
        if kind != "WORKSPACE":
            yield made.Thing(NOUNS[kind][0] if kind in NOUNS else kind, key, names.get(key, ""))
