"""What changes of somebody's access here are called where people read of them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as lazy

from offboarding.directory.models import Proposal
from offboarding.directory.rules import Act

TITLES = {
    Act.INVITE: lazy("Invite %(name)s"),
    Act.ROLES: lazy("Change the roles of %(name)s"),
    Act.CORRECT: lazy("Put right the name or address of %(name)s"),
}


def title_of(found: Proposal) -> str:
    """As the person is called now; who is to be invited is called as the proposal says."""
    return str(TITLES[Act(found.act)] % {"name": found.person.name if found.person else found.name})
