"""What every answer must carry, and the settings of a server with an https address, which say so."""

from __future__ import annotations

import os
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from offboarding import env

HOST = "offboard.example.com"
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self' data: blob:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
ALONE = {"sandbox": "", "default-src": "'none'"}  # downloads
EXACT = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
}


@pytest.fixture
def production(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings that a server with an https address has, read by the product itself."""
    for name in [name for name in os.environ if name.startswith("OFFBOARD_")]:
        monkeypatch.delenv(name)
    given = {
        "BASE_URL": f"https://{HOST}",
        "DATA": str(tmp_path),
        "TRUSTED_PROXIES": "1",
        "METRICS_TOKEN": "m" * 24,
    }
    for name, value in env.fresh_keys().items() | {
        (f"OFFBOARD_{name}", value) for name, value in given.items()
    }:
        monkeypatch.setenv(name, value)
    made = runpy.run_path(str(env.ROOT / "offboarding" / "settings.py"))
    wanted = (
        "SECURE",
        "SESSION_",
        "CSRF_",
        "X_FRAME",
        "CONTENT_SECURITY",
        "MIDDLEWARE",
        "ALLOWED_HOSTS",
        "METRICS",
    )
    for name, value in made.items():
        if name.startswith(wanted):
            setattr(settings, name, value)


class Https(Browser):
    """A browser behind the proxy that ends TLS."""

    def __init__(self, **options: Any) -> None:
        super().__init__(SERVER_NAME=HOST, HTTP_X_FORWARDED_PROTO="https", **options)


def lacking(answer: Any) -> Iterator[str]:
    for name, value in EXACT.items():
        if answer.get(name) != value:
            yield f"{name}: {answer.get(name)}"
    if "Cache-Control" not in answer:
        yield "Cache-Control"
    told = answer.get("Content-Security-Policy", "")
    if policy(told) not in (POLICY, ALONE):
        yield f"Content-Security-Policy: {told}"
    if "text/html" in answer.get("Content-Type", "") and not answer.streaming:
        yield from inline(answer.content.decode())


def policy(told: str) -> dict[str, str]:
    parts = [part.strip().partition(" ") for part in told.split(";") if part.strip()]
    return {name: value for name, _, value in parts}


def inline(html: str) -> Iterator[str]:
    """What that policy would stop. A test in a browser watches it too; here it is every page."""
    for found in re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", html):
        yield f"inline script: {found}"
    for found in re.findall(r"<[^>]+\s(?:on[a-z]+|style)=[^>]*>|<style\b|javascript:", html):
        yield f"inline: {found}"
