from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "offboarding.work"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate, pre_migrate

        from offboarding.work import guards

        pre_migrate.connect(guards.take_away, sender=self)
        post_migrate.connect(guards.put_back, sender=self)
