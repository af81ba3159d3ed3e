from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "offboarding.users"

    def ready(self) -> None:
        from allauth.mfa.models import Authenticator

        from offboarding.users import factors
        from offboarding.work import sealed

        factors.follow()
        sealed.register(sealed.Place("secrets of second factors", Authenticator, "data", factors.given_up))
