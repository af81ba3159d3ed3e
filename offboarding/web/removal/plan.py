"""A plan as people read it: exactly what stands in its body, nothing else. Pure: the body in, cards out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.checklist.rules import PHASES, Phase, numbered_phases
from offboarding.web.cards import CodeCard, DiffCard, DiffRow
from offboarding.web.removal.risks import RiskLine, together

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """One workspace of a plan. `sign` and `word` say what happens there."""

    sign: str
    word: str
    workspace: str
    where: str
    before: str
    planned: str
    notes: tuple[str, ...]
    lost: tuple[str, ...] = ()  # where only some of it goes
    kept: tuple[str, ...] = ()
    stays: str = ""  # where accounts are merged: the one that stays, and what it is given first
    given: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PhaseLine:
    title: str
    count: str
    steps: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class PlanCard:
    version: int
    fingerprint: CodeCard
    addresses: str
    goes: tuple[PlaceLine, ...]
    stays: tuple[PlaceLine, ...]
    order: tuple[PhaseLine, ...]
    may_break: tuple[RiskLine, ...]
    not_known: tuple[RiskLine, ...]
    goes_title: str
    staying: str = ""  # the account that stays, where accounts are merged


def plan_card(body: Body, fingerprint: str) -> PlanCard:
    goes = tuple(place_line(place) for place in body["places"] if place["choice"] != "keep")
    names = [place["workspace"] for place in body["places"]]
    return PlanCard(
        version=body["version"],
        fingerprint=CodeCard(
            fingerprint, f"{fingerprint[:8]}…{fingerprint[-4:]}", _("Fingerprint of the plan")
        ),
        addresses=", ".join(body["person"]["addresses"]),
        goes=goes,
        stays=tuple(place_line(place) for place in body["places"] if place["choice"] == "keep"),
        order=tuple(phases(body)),
        may_break=together(body["may_break"], names),
        not_known=together(body["not_known"], names),
        goes_title=goes_title(body, len(goes)),
        staying=body.get("stays", ""),
    )


def goes_title(body: Body, n: int) -> str:
    if body.get("restores"):
        return ngettext("What comes back: %(n)d workspace", "What comes back: %(n)d workspaces", n) % {"n": n}
    return ngettext("What goes: %(n)d workspace", "What goes: %(n)d workspaces", n) % {"n": n}


SIGNS = {
    "remove": ("\N{MINUS SIGN}", lazy("Removed")),
    "downgrade": ("~", lazy("Read-only")),
    "reduce": ("\N{MINUS SIGN}", lazy("Only some goes")),
    "keep": ("=", lazy("Stays")),
    "restore": ("+", lazy("Given back")),
}
MANAGED = {"scim": "SCIM", "sso": "SSO"}


def place_line(place: Body) -> PlaceLine:
    sign, word = SIGNS[place["choice"]]
    return PlaceLine(
        sign=sign,
        word=str(word),
        workspace=place["workspace"],
        where=where(place),
        before=place["before"],
        planned=place["planned"],
        notes=tuple(notes(place)),
        lost=tuple(each["says"] for each in place.get("lost", ())),
        kept=tuple(each["says"] for each in place.get("kept", ())),
        **taken_over(place),
    )


def taken_over(place: Body) -> dict[str, Any]:
    if not (other := place.get("takes_over")):
        return {}
    return {"stays": other["address"], "given": tuple(each["says"] for each in other["given"])}


def where(place: Body) -> str:
    """ "Acme, production, EU"."""
    return ", ".join((place["client"], place["environment"], place["region"].upper()))


def notes(place: Body) -> Iterator[str]:
    if place["owner"] and place["last_owner"] == "last":
        yield _("The only Owner there")
    elif place["owner"]:
        yield _("Owner; other Owners stay") if place["last_owner"] == "others" else _("Owner")
    if place["managed_by"] in MANAGED:
        yield _("Managed by %(how)s") % {"how": MANAGED[place["managed_by"]]}
    if place["groups"]:
        yield _("Groups: %(names)s") % {"names": ", ".join(place["groups"])}
    if place["outcome"] == "unknown":
        yield _("Not read before the plan was made")


def phases(body: Body) -> Iterator[PhaseLine]:
    """Every step in its order, under its phase."""
    for number, phase in numbered_phases({item["phase"] for item in body["items"]}):
        title = PHASES[phase]
        steps = tuple(told_steps([item for item in body["items"] if item["phase"] == phase]))
        if steps:
            yield PhaseLine(f"{number} {title}", by_whom(body, phase), steps)


def told_steps(items: list[Body]) -> Iterator[tuple[int, str]]:
    """(first number, title). All rotations of one workspace are one line that names each source: they are the same four steps."""
    for place, some in groupby(
        items, lambda item: item["workspace_id"] if "source_id" in item["target"] else None
    ):
        found = list(some)
        if place is None:
            yield from ((item["number"], item["title"]) for item in found)
        else:
            yield found[0]["number"], rotation(found)


def rotation(items: list[Body]) -> str:
    sources = {item["target"]["source_id"]: item["target"]["source"] for item in items}
    keys = {key for item in items for key in item["target"]["keys"]}
    words = ngettext(
        "%(place)s: a new write key for %(names)s; hand it over, confirm, remove %(n)d old key",
        "%(place)s: a new write key for each of %(names)s; hand it over, confirm, remove %(n)d old keys",
        len(keys),
    )
    names = ", ".join(sources.values())
    return words % {"place": items[0]["target"]["workspaces"][0], "names": names, "n": len(keys)}


def by_whom(body: Body, phase: Phase) -> str:
    own = [item for item in body["items"] if item["phase"] == phase]
    hands = sum(1 for item in own if item["kind"] == "manual")
    if not hands:
        return ngettext("%(n)d step, automatic", "%(n)d steps, automatic", len(own)) % {"n": len(own)}
    if hands == len(own):
        return ngettext("%(n)d step, by hand", "%(n)d steps, by hand", hands) % {"n": hands}
    return _("%(n)d steps, %(hands)d by hand") % {"n": len(own), "hands": hands}


def difference(old: Body, new: Body) -> DiffCard:
    """What a reader of the old version has to know about the new one. Lines that did not change are left out."""
    rows = [*place_rows(old, new), *text_rows(_("Attached"), named_files(old), named_files(new)),
            *text_rows(_("What may break"), old["may_break"], new["may_break"]),
            *text_rows(_("Not known"), old["not_known"], new["not_known"]), *step_rows(old, new)]  # fmt: skip
    return DiffCard(
        _("Version %(version)d, which you read") % {"version": old["version"]},
        _("Version %(version)d, now") % {"version": new["version"]},
        tuple(rows),
    )


def named_files(body: Body) -> list[str]:
    return [f"{each['name']}, SHA-256 {each['sha256'][:12]}…" for each in body.get("attachments", ())]


def place_rows(old: Body, new: Body) -> Iterator[DiffRow]:
    before = {place["workspace_id"]: place for place in old["places"]}
    after = {place["workspace_id"]: place for place in new["places"]}
    for key in {**before, **after}:
        was, now = before.get(key), after.get(key)
        if was and now and (told(was) != told(now)):
            yield DiffRow("changed", now["workspace"], told(was), told(now))
        elif now and not was:
            yield DiffRow("added", now["workspace"], "", told(now))
        elif was and not now:
            yield DiffRow("removed", was["workspace"], told(was), "")


def told(place: Body) -> str:
    planned = "; ".join(each["says"] for each in place.get("lost", ())) or place["planned"]
    return f"{place['before']} → {planned}"


def text_rows(label: str, old: list[str], new: list[str]) -> Iterator[DiffRow]:
    yield from (DiffRow("removed", label, line, "") for line in old if line not in new)
    yield from (DiffRow("added", label, "", line) for line in new if line not in old)


def step_rows(old: Body, new: Body) -> Iterator[DiffRow]:
    """By title: numbers shift when a line comes or goes."""
    was, now = [item["title"] for item in old["items"]], [item["title"] for item in new["items"]]
    yield from text_rows(_("Step"), was, now)
