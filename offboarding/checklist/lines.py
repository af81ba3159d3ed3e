"""From what was found to what will be done. Pure: the same facts give the same plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from itertools import groupby
from typing import Any

from offboarding.checklist.rules import (
    GRACE_DAYS,
    Found,
    Line,
    Playbook,
    Step,
    Subject,
    after,
    ends,
    number_of,
)
from offboarding.checklist.spreads import CONDITIONS, SPREADS
from offboarding.checklist.statements import drop_login
from offboarding.discovery.holdings import Sort, holding, words


def lines(
    book: Playbook, subject: Subject, places: Sequence[Found], grace_days: int = GRACE_DAYS
) -> list[Line]:
    """Every line of the checklist, in the playbook's order. A step appears only where what was found calls for it.

    Steps for each source stay together, source by source: they are one rotation.
    """
    made: list[Line] = []
    for by_source, block in groupby(book.steps, lambda each: each.each == "source"):
        found = [
            (at, line(each, subject, involved, with_grace(target, grace_days) if by_source else target))
            for each in block
            for at, (involved, target) in enumerate(spread(each, places))
        ]
        made += [each for _, each in (sorted(found, key=lambda pair: pair[0]) if by_source else found)]
    return made


def spread(each: Step, places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    return SPREADS[each.each]([place for place in places if CONDITIONS[each.when](place)])


def with_grace(target: Mapping[str, Any], days: int) -> dict[str, Any]:
    """The grace time is part of what is approved: a setting that changes later does not change it."""
    return {**target, "grace_days": days}


def line(each: Step, subject: Subject, involved: Sequence[Found], target: Mapping[str, Any]) -> Line:
    words = vocabulary(subject, involved, target)
    single = involved[0] if each.each != "removal" else None
    full = {
        **target,
        "addresses": target.get("addresses", list(subject.addresses)),
        "workspaces": [place.workspace for place in involved],
    }
    if single and single.until:
        full["until"] = single.until.isoformat()
    if single and single.ends_at:
        full["until"] = single.ends_at.astimezone(UTC).isoformat()
    if single:
        full["choice"] = single.choice.value
    return Line(
        code=each.code,
        phase=each.phase,
        kind=each.kind,
        step=each.step,
        title=each.title.format_map(words),
        workspace_id=single.workspace_id if single else None,
        target=full,
        where=each.where,
        how=tuple(text.format_map(words) for text in each.how),
        proof=each.proof,
        waits_for=each.waits_for,
        at=each.at,
        blocks_closing=each.blocks_closing,
    )


def vocabulary(subject: Subject, involved: Sequence[Found], target: Mapping[str, Any]) -> dict[str, str]:
    """What a playbook's texts may name."""
    reaches = [place.reach for place in involved]
    first = involved[0]
    accounts = target.get("accounts") or [{"email": subject.addresses[0]}]
    return {
        "person": subject.person,
        "reference": subject.reference,
        "addresses": ", ".join(subject.addresses),
        "workspaces": ", ".join(place.workspace for place in involved),
        "clients": ", ".join(sorted({place.client for place in involved})),
        "unknown_sign_in": ", ".join(place.workspace for place in involved if place.managed_by == "unknown"),
        "workspace": first.workspace,
        "provider_group": first.provider_group or "for Segment",
        "until": ends(first),
        "held": "; ".join(role.says() for role in first.seen.roles if not role.group)
        or "no role of their own",
        "restores": first.restores,
        "lost": words(holding(each) for each in target.get("lost", ())) or words(first.lost),
        "kept": words(holding(each) for each in target.get("kept", ())) or "bare membership",
        "reductions": "; ".join(
            f"{place.workspace}: without {words(place.lost)}, {words(place.kept)} stays"
            for place in involved
            if place.reduced
        ),
        "lost_groups": words(each for each in first.lost if each.sort is Sort.GROUP),
        "group": str(target.get("group", "")),
        "invitation": str(target.get("invitation", "")),
        "account": str(accounts[0]["email"]),
        "stays": subject.stays,
        "given": words_of(first),
        "functions": ", ".join(thing.name for reach in reaches for thing in reach.functions),
        "audiences": ", ".join(thing.name for reach in reaches for thing in reach.audiences),
        "warehouses": ", ".join(thing.name for reach in reaches for thing in reach.warehouses),
        "source_count": str(sum(len(reach.sources) for reach in reaches)),
        "login": str(target.get("login", "")),
        "login_user": str(target.get("username", "")) or "the old user",
        "drop_login": drop_login(str(target.get("kind", "")), str(target.get("username", ""))),
        "key_count": str(sum(reach.write_keys for reach in reaches)),
        "owner": subject.owner or "whoever answers for it",
        "consumers": subject.consumers or "not known yet",
        "handover": subject.handover or "the person who runs its senders",
        "unseen_sources": ", ".join(thing.name for reach in reaches for thing in reach.unseen_keys)
        or "all sources there",
        **words_of_keys(target),
    }


def words_of(place: Found) -> str:
    """What the account that stays gets in a place."""
    return words(place.lacks) or "membership, with no role of its own"


def words_of_keys(target: Mapping[str, Any]) -> dict[str, str]:
    keys, days = len(target.get("keys", ())), int(target.get("grace_days", 0))
    return {
        "source": str(target.get("source", "")),
        "old_keys": "1 old key" if keys == 1 else f"{keys} old keys",
        "feeds": number_of(int(target.get("feeds", 0)), "destination"),
        "grace": after(days),
    }
