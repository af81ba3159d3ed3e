"""The processes of an installation, before anybody does anything."""

from __future__ import annotations

import httpx

from tests.journeys.stack import Installation


def test_it_says_that_it_is_ready(product: Installation) -> None:
    facts = httpx.get(f"{product.base}/readyz").json()
    assert facts["ready"]
    assert facts["seconds_since_tick"] < 30


def test_strangers_are_asked_to_sign_in(product: Installation) -> None:
    answer = httpx.get(f"{product.base}/", follow_redirects=True)
    assert answer.url.path == "/signin/"
    assert "Alice" not in answer.text
