"""Whom the pages about people show, and to whom."""

from __future__ import annotations

from django.http import Http404

from offboarding.directory.queries import people_in
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.web.http import Request

SEES = (Role.ADMINISTRATOR, Role.SECURITY)
CONFIRM = "/setup/people/confirm/"


def person_or_404(request: Request, pk: int) -> User:
    """Foreign and unknown are the same answer."""
    user = people_in(request.scope, *SEES).filter(pk=pk).first()
    if user is None:
        raise Http404
    return user
