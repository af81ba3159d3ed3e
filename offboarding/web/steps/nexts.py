"""From what stopped a step to the next act on it. One row a cause; what each means stands in docs/operators.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from offboarding.execution.models import Run
from offboarding.execution.rules import Cause
from offboarding.users.rules import Role
from offboarding.web.cards import ActCard
from offboarding.web.removal.overview import Overview
from offboarding.web.steps.where import app_url

# Who may enter a token; the page itself asks again.
KEEPERS = (Role.OPERATOR, Role.ADMINISTRATOR)
PROVIDER = "provider-group"
Link = Callable[[Overview, Run], ActCard | None]
# The buttons that every stopped step has, by the end of their address.
RETRY, BY_HAND, SIGN_OFF, SKIP = "retry/", "by-hand/", "sign-off/", "skip/"


@dataclass(frozen=True, slots=True)
class Next:
    """What leads on: the first link that fits stands with the sentence; `button` is the one below that is meant."""

    button: str
    links: tuple[Link, ...] = ()


def new_token(view: Overview, run: Run) -> ActCard | None:
    if run.item.workspace is None or not view.scope.of_whole_clients().covers(view.clients, *KEEPERS):
        return None
    name = run.item.workspace.name
    return ActCard(
        _("Enter a new token for %(name)s") % {"name": name},
        f"/setup/connections/{run.item.workspace.pk}/token/",
    )


def connections(view: Overview, run: Run) -> ActCard | None:
    return ActCard(_("Open Setup, Connections"), "/setup/connections/")


def in_segment(view: Overview, run: Run) -> ActCard | None:
    url = app_url(run.item.workspace) if run.item.workspace else ""
    if not run.item.workspace or not url:
        return None
    return ActCard(_("Open %(name)s in Segment") % {"name": run.item.workspace.name}, url, icon="open")


def what_came(view: Overview, run: Run) -> ActCard | None:
    return ActCard(_("Read what Segment answered"), "#tries-title")


def at_the_provider(view: Overview, run: Run) -> ActCard | None:
    """The step of the same workspace that takes the person out of the provider's group, where the plan has one."""
    found = (
        each for each in view.items if each.code == PROVIDER and each.workspace_id == run.item.workspace_id
    )
    item = next(found, None)
    if item is None:
        return None
    words = _("Open step %(number)d, %(title)s") % {"number": item.number, "title": item.title}
    return ActCard(words, f"{view.url}steps/{item.number}/")


def side_by_side(view: Overview, run: Run) -> ActCard | None:
    return ActCard(_("See before and after"), f"{view.url}#arrives-title")


def the_request(view: Overview, run: Run) -> ActCard | None:
    return ActCard(_("Open the request"), view.url)


def new_request(view: Overview, run: Run) -> ActCard | None:
    query = urlencode({"email": view.removal.email, "name": view.removal.person_name})
    return ActCard(_("File a new request"), f"/requests/new/?{query}")


NEXTS: dict[Cause, Next] = {
    Cause.MANUAL: Next(SIGN_OFF),
    Cause.TAKEN_OVER: Next(SIGN_OFF),
    Cause.TOKEN_REFUSED: Next(BY_HAND, (new_token, connections)),
    Cause.NOT_ALLOWED: Next(RETRY, (new_token, connections)),
    Cause.OWNER_NEEDED: Next(RETRY, (new_token, connections)),
    Cause.LAST_OWNER: Next(RETRY, (in_segment,)),
    Cause.OWN_ACCOUNT: Next(BY_HAND, (in_segment,)),
    Cause.SCIM_MANAGED: Next(RETRY, (at_the_provider, in_segment)),
    Cause.NO_SUCH_FEATURE: Next(BY_HAND, (in_segment,)),
    Cause.DECLINED: Next(RETRY, (what_came,)),
    Cause.STILL_THERE: Next(RETRY, (in_segment, what_came)),
    Cause.CAME_BACK: Next(RETRY, (at_the_provider, new_request)),
    Cause.NOT_REACHED: Next(RETRY, (connections,)),
    Cause.NOT_FOUND: Next(RETRY, (in_segment, what_came)),
    Cause.DOUBT: Next(RETRY, (in_segment, what_came)),
    Cause.NOT_AS_PLANNED: Next(RETRY, (in_segment, what_came)),
    Cause.NOT_AS_BEFORE: Next(BY_HAND, (in_segment, what_came)),
    Cause.NO_EVENT: Next(RETRY, (in_segment,)),
    Cause.FELL: Next(RETRY, (side_by_side,)),
    # The button that leads to the form stands with what is known of the login.
    Cause.LOGIN_WANTED: Next(BY_HAND),
    Cause.LOGIN_REFUSED: Next(RETRY, (what_came,)),
    Cause.CRASHED: Next(RETRY),
    Cause.PAUSED: Next(SKIP, (the_request,)),
    Cause.APPROVAL_FELL: Next(SKIP, (the_request,)),
}


def next_act(view: Overview, run: Run) -> ActCard | None:
    """The link that stands with the sentence; None where the buttons below say it all, or nothing fits."""
    links = NEXTS[Cause(run.cause)].links if run.cause in set(Cause) else ()
    return next((act for link in links if (act := link(view, run))), None)
