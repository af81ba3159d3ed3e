"""What the sign-in page, the identity page and the frame show in a demo, and to nobody from elsewhere."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from offboarding.demo.cast import CAST, PASSWORD
from offboarding.demo.door import here
from offboarding.web.cards import CastCard


def demo(request: HttpRequest) -> dict[str, Any]:
    """`demo_cast`, `demo_signin_url`, `demo_segment_url`, `demo_password`; nothing where there is no demo."""
    if not here(request):
        return {}
    return {
        "demo_cast": tuple(CastCard(one.email, one.name, one.says, one.does) for one in CAST),
        "demo_signin_url": reverse("demo_signin"),
        "demo_segment_url": reverse("demo_segment"),
        "demo_password": PASSWORD,
    }
