from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "offboarding.users"
