"""What roles are called where people read of them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as lazy

from offboarding.users.rules import Role

ROLE_WORDS = {
    Role.REQUESTER: lazy("Engagement lead"),
    Role.APPROVER: lazy("Approver"),
    Role.OPERATOR: lazy("Operator"),
    Role.SECURITY: lazy("Security"),
    Role.AUDITOR: lazy("Auditor"),
    Role.ADMINISTRATOR: lazy("Administrator"),
}


def called(recorded: str) -> str:
    """As people read it what the record says: "requester for Acme" is "Engagement lead for Acme"."""
    role, space, rest = recorded.partition(" ")
    return f"{ROLE_WORDS[Role(role)]}{space}{rest}" if role in set(Role) else recorded
