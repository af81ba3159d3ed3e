"""Every page is asked with a query that no link of ours holds: no server error, and nothing of it acts on the page.

The names are those of the fields on its own forms that ask, and all that the product reads from any query.
`FUZZ=200` asks so many times as often.
"""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from django.test import Client as Browser
from hypothesis import HealthCheck, Phase, given, settings, strategies

from offboarding.web import pace
from tests.house.source import ROOT
from tests.security.test_fuzzed_forms import (
    FIELD,
    FORM,
    SEVERAL,
    TIMES,
    encoded,
    faults,
    readable,
    signed_in,
)
from tests.web import test_access_matrix as matrix

world, everybody = matrix.world, matrix.everybody  # fixtures
READS = re.compile(r"\bGET(?:\.get|\.getlist)?[\[(]\"(\w+)\"")
EVERYWHERE = ("page", "next", "before", "after")  # read by Django, by django-allauth, and by the audit log
# What looks like a number or an address to one function and not to the next: each at every name of every page.
ALMOST = ("²", "http://[::1")


def read_anywhere() -> list[str]:
    """Names that some page reads from its query."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "offboarding").rglob("*.py"))
    return sorted({*EVERYWHERE, *(name for text in sources for name in READS.findall(text))})


def asks(html: str) -> set[str]:
    """The fields of the page's own forms that ask for something."""
    found = (inside for attributes, inside in FORM.findall(html) if 'method="post"' not in attributes)
    return {field[1] for inside in found for field in FIELD.finditer(inside)}


def pages(world: matrix.World, browsers: dict[str, Browser]) -> dict[str, tuple[str, list[str]]]:
    """By address: the first person who may read it, and the fields of its forms."""
    found: dict[str, tuple[str, list[str]]] = {}
    theirs = readable(world)
    for who, browser in browsers.items():
        for path in sorted(theirs[who] - set(found)):
            answer = browser.get(path)
            if answer.streaming:
                matrix.read_and_close(answer)
            elif answer.status_code == 200:
                html = answer.content.decode() if "html" in answer["Content-Type"] else ""
                found[path] = who, sorted(asks(html))
    return found


def ask(browser: Browser, path: str, query: dict[str, str | bytes], part: bool) -> list[str]:
    headers = {"HX-Request": "true", "HX-Current-URL": ALMOST[1]} if part else {}
    begun = time.process_time()
    answer = browser.get(f"{path}?{encoded(query).decode()}", headers=headers)
    if answer.streaming:
        matrix.read_and_close(answer)
    found = faults(answer, time.process_time() - begun)
    return [f"{path}: {fault}: {query!r:.600}" for fault in found]


def test_no_page_is_upset_by_any_query(
    world: matrix.World, everybody: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "PACES", ())  # the whole trial is faster than anybody may be
    browsers, wrong, tried = signed_in(everybody), list[str](), 0
    found, names = pages(world, browsers), read_anywhere()

    @settings(
        max_examples=TIMES, deadline=None, database=None, derandomize=TIMES <= 10, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategies.data())
    def knock(data: strategies.DataObject) -> None:
        nonlocal tried
        for path, (who, own) in found.items():
            texts, part = data.draw(SEVERAL), data.draw(strategies.booleans())
            some = data.draw(strategies.sets(strategies.sampled_from(names), max_size=8))
            query = {name: texts[n % len(texts)] for n, name in enumerate([*own, *sorted(some)])}
            wrong.extend(ask(browsers[who], path, query, part))
            tried += 1

    knock()
    for path, (who, own) in found.items():
        for text in ALMOST:
            wrong += ask(browsers[who], path, dict.fromkeys([*own, *names], text), part=False)
        wrong += ask(browsers["nobody"], path, {}, part=True)
    assert len(found) > 100 and len(names) > 10 and tried >= len(found) * TIMES // 2
    assert not wrong, "\n".join(wrong[:20])
