from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.evidence.downloads import ADDRESSES
from offboarding.web.share import views

# A secret of 32 random bytes, as `secrets.token_urlsafe` writes it.
SHARE = "share/<slug:token>/"
urlpatterns: list[URLPattern] = [
    path(SHARE, views.packet, name="shared"),
    path(f"{SHARE}code/", views.code, name="shared_code"),
    path(f"{SHARE}enter/", views.enter, name="shared_enter"),
    *(path(f"{SHARE}{address}", views.part, {"part": part}, name=f"shared_{part}")
      for part, address in ADDRESSES.items()),
]  # fmt: skip
