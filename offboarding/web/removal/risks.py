"""What may break and what is not known, said once where it is the same of many workspaces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from offboarding.checklist.risks import HERE, alike

NAMED = 4  # so many workspaces stand in the sentence itself


@dataclass(frozen=True, slots=True)
class RiskLine:
    """`places` are listed beneath where they are too many for the sentence."""

    text: str
    places: tuple[str, ...] = ()


def together(lines: Iterable[str], workspaces: Iterable[str]) -> tuple[RiskLine, ...]:
    """One line for all workspaces of which the same is said, in the order in which it is said first."""
    found = alike(lines, workspaces)
    return tuple(risk_line(said, tuple(places)) for said, places in found.items())


def risk_line(said: str, places: tuple[str, ...]) -> RiskLine:
    if len(places) <= NAMED:
        return RiskLine(said.replace(HERE, get_text_list(list(places), _("and"))))
    return RiskLine(said.replace(HERE, _("%(n)d workspaces") % {"n": len(places)}), places)
