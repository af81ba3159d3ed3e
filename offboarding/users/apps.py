from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "offboarding.users"

    def ready(self) -> None:
        from allauth.mfa.models import Authenticator

        from offboarding.users import factors
        from offboarding.users.models import SignInProvider
        from offboarding.work import sealed

        factors.follow()
        sealed.register(sealed.Place("secrets of second factors", Authenticator, "data", factors.given_up))
        sealed.register(
            sealed.Place(
                "secrets of sign-in providers",
                SignInProvider,
                "sealed_secret",
                lambda _old: {"sealed_secret": "", "is_on": False},
            )
        )
