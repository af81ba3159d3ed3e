from django.apps import AppConfig


class EmergenciesConfig(AppConfig):
    name = "offboarding.emergencies"
