"""The first steps of a new installation."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from offboarding.users.rules import Role
from offboarding.web.http import Request, page, signed_in
from offboarding.web.setup.tabs import tabs
from offboarding.web.start.cards import left, steps


@require_safe
@signed_in
def start(request: Request) -> HttpResponse:
    if not request.scope.has(Role.ADMINISTRATOR):
        raise PermissionDenied
    found = steps(request.user, request.scope)
    to_do = left(found)
    says = ngettext("%(n)d step is left", "%(n)d steps are left", to_do) % {"n": to_do}
    context = {
        "steps": found,
        "says": says if to_do else _("Everything is set up."),
        "next": next((each for each in found if not each.done), None),
        "tabs": tabs(request.scope, "start"),
    }
    return page(request, "start/start.html", context)
