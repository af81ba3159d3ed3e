from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "offboarding.connections"

    def ready(self) -> None:
        from offboarding.connections import keyring
        from offboarding.connections.guards import GUARDS
        from offboarding.connections.models import Workspace
        from offboarding.work import guards, sealed

        guards.register(GUARDS)
        # An empty token is refused before it is sent, and the page asks for another one.
        sealed.register(
            sealed.Place(
                "tokens of workspaces",
                Workspace,
                "sealed_token",
                lambda _old: {"sealed_token": keyring.seal("")},
            )
        )
