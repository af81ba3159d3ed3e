"""What the users' room keeps sealed: secrets of codes, and what we show providers of sign-in to be known there."""

from __future__ import annotations

from django.conf import settings

from offboarding.lib.sealing import NotOpenable, Sealer

__all__ = ["NotOpenable", "opened", "seal"]


def seal(text: str) -> str:
    return Sealer(settings.SEALING_KEYS).seal(text)


def opened(sealed: str) -> str:
    """Raises NotOpenable."""
    return Sealer(settings.SEALING_KEYS).open(sealed)
