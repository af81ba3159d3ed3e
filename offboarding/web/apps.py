from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "offboarding.web"

    def ready(self) -> None:
        from offboarding import checks  # noqa: F401  (importing registers them)
        from offboarding.web import sittings
        from offboarding.web.steps import keys

        keys.register()
        sittings.follow()
