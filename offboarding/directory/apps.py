from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "offboarding.directory"

    def ready(self) -> None:
        from offboarding.directory.guards import GUARDS
        from offboarding.work import guards

        guards.register(GUARDS)
