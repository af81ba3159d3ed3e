"""Documents for people, and how they write times."""

from offboarding.lib.typesetting.typeset import DocumentRefused, fit, render

__all__ = ["DocumentRefused", "fit", "render"]
