from __future__ import annotations

from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from offboarding.api import me

urlpatterns: list[URLPattern] = [
    path("api/v1/me", me.me, name="api_me"),
    path("api/<path:rest>", csrf_exempt(me.nothing_here), name="api_nothing"),
]
