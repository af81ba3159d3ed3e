from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "offboarding.users"

    def ready(self) -> None:
        from offboarding.users import factors

        factors.follow()
