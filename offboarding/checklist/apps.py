from django.apps import AppConfig


class ChecklistConfig(AppConfig):
    name = "offboarding.checklist"
