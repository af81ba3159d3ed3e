"""A letter as a document: PDF/A-2a and PDF/UA-1, with names in any script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from offboarding.letters.facts import Facts
from offboarding.letters.rules import Conditions
from offboarding.letters.wording import Block, Wording, Written, day
from offboarding.lib import typesetting
from offboarding.lib.typesetting import times

TEMPLATE = (Path(__file__).parent / "letter.typ").read_bytes()


def pdf(shown: Written, wording: Wording, facts: Facts, conditions: Conditions, at: Any) -> bytes:
    """The same letter gives the same bytes. Raises DocumentRefused."""
    language, _, region = wording.language.partition("-")
    moment = times.moment(at.isoformat())
    data = {
        "subject": shown.subject,
        "reference": facts["reference"],
        "date": day(at.isoformat(), facts["zone"], wording.language),
        "made": {
            name: getattr(moment, name) for name in ("year", "month", "day", "hour", "minute", "second")
        },
        "language": language,
        "region": region,
        "sender": conditions.sender,
        "to": conditions.postal or facts["client"],
        "blocks": [block(each) for each in shown.blocks],
    }
    return typesetting.render(TEMPLATE, data)


def block(each: Block) -> dict[str, Any]:
    return {"text": each.text, "heading": each.heading, "rows": [list(row) for row in each.rows]}
