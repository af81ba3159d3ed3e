"""The last press before somebody's access here changes: what they gain and lose in words, after a fresh proof."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Literal

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from offboarding.approvals.delegations import actions as delegations
from offboarding.directory import correcting
from offboarding.directory import people as verbs
from offboarding.directory.models import Engagement
from offboarding.execution import leaving
from offboarding.execution.queries import in_hand
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.queries import providers_of
from offboarding.web import proving
from offboarding.web.cards import ActCard, ConfirmCard, ErrorLine, ErrorSummaryCard, FactCard, FieldCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in, today
from offboarding.web.people import delegated, held
from offboarding.web.people.held import Held
from offboarding.web.people.reach import CONFIRM, person_or_404
from offboarding.web.people.views import back, gained_and_lost
from offboarding.web.proving import Wish

Look = Literal["main", "bad"]
# What the last page asks for in words, by act.
REASONS = {
    held.DISABLE: lazy("Why"),
    held.DELEGATION: lazy("Why"),
    held.LOST: lazy("How you made sure that it is they who ask"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def confirm(request: Request) -> HttpResponse:
    show, press = partial(confirm_page, request), partial(pressed, request)
    return proving.confirmed(request, held.KEY, "people", show, press)


def wanted(request: Request, wish: Wish) -> tuple[Held, User | None]:
    change = Held(**wish.what)
    return change, person_or_404(request, change.person) if change.person else None


def pressed(request: Request, wish: Wish, _method: str) -> HttpResponse:
    change, user = wanted(request, wish)
    messages.success(request, perform(request, change, user))
    return back(user)


def perform(request: Request, change: Held, user: User | None) -> str:
    """Does it, and says what was done."""
    me, scope, day = request.user, request.scope, today(request)
    if user is None:
        made = verbs.invite(me, scope, change.email, change.name, held.unpacked(change), day)
        return _("%(name)s is invited. A mail to %(email)s says how to go on.") % {
            "name": made.name,
            "email": made.email,
        }
    if change.act == held.ROLES:
        verbs.change(me, scope, user, held.unpacked(change), day)
        return _("The roles of %(name)s are changed. It holds from the next page on.") % {"name": user.name}
    if change.act == held.CORRECT:
        correcting.correct(me, scope, user, change.email, change.name)
        return _("%(name)s is put right: %(email)s.") % {"name": user.name, "email": user.email}
    if change.act == held.ENABLE:
        verbs.enable(me, scope, user)
        return _("%(name)s may sign in again.") % {"name": user.name}
    if change.act == held.UNLINK:
        verbs.forget_provider(me, scope, user)
        return _(
            "Where %(name)s signs in elsewhere is forgotten. The next account with their address is theirs."
        ) % {"name": user.name}
    if change.act == held.LOST:
        verbs.take_lost_factor(me, scope, user, request.POST.get("reason", ""))
        return _(
            "The second factor of %(name)s counts no more. They set up another one when they sign in."
        ) % {"name": user.name}
    if change.act == held.DELEGATION:
        given = delegated.one(request, user, change.delegation)
        delegations.end_for_them(given, me, scope, user, request.POST.get("reason", ""))
        return _("The delegation has ended. Decisions that were made stay.")
    disables = change.act == held.DISABLE
    ended = (
        leaving.disable(me, scope, user, request.POST.get("reason", ""))
        if disables
        else verbs.sign_out(me, scope, user)
    )
    word = _("%(name)s is disabled.") if disables else _("%(name)s is signed out.")
    browsers = ngettext("%(n)d browser was signed out.", "%(n)d browsers were signed out.", ended)
    return f"{word % {'name': user.name}} {browsers % {'n': ended}}"


def confirm_page(request: Request, wish: Wish, refusal: Refused | None) -> HttpResponse:
    change, user = wanted(request, wish)
    title, label, role, effects = words(request, change, user)
    error = refusal.sentence if refusal else ""
    label_of_reason = REASONS.get(change.act, "")
    at_reason = error if refusal and refusal.facts.get("field") == "reason" else ""
    fields = (reason(request, str(label_of_reason), at_reason),)
    card = ConfirmCard(
        title=title,
        effects=effects,
        act=ActCard(label, CONFIRM, role, hidden=wish.hidden, busy=_("One moment…")),
        back_url=f"/setup/people/{user.pk}/" if user else "/setup/people/invite/",
        facts=(FactCard(_("Work e-mail"), user.email if user else change.email),),
        fields=fields if label_of_reason else (),
        summary=ErrorSummaryCard((ErrorLine(error, "id_reason" if at_reason else ""),) if error else ()),
    )
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": card}, status=status)


def left_behind(user: User) -> Iterator[str]:
    """What waits for this person now. Whoever may disable somebody reaches all of it."""
    if steps := in_hand(user).count():
        says = ngettext(
            "%(n)d step that they have goes back to everybody who may take it.",
            "%(n)d steps that they have go back to everybody who may take them.",
            steps,
        )
        yield says % {"n": steps}
    led = Engagement.objects.filter(lead=user, ended_at=None).select_related("client")
    if names := ", ".join(f"{each.name} ({each.client.name})" for each in led[:5]):
        yield _("Still leads %(names)s: choose another lead there.") % {"names": names}


def corrected(user: User, change: Held) -> Iterator[str]:
    if change.name != user.name:
        yield _("The name %(before)s becomes %(after)s.") % {"before": user.name, "after": change.name}
    if change.email != user.email:
        yield _("The address %(before)s becomes %(after)s.") % {"before": user.email, "after": change.email}
        yield _("Is signed out on every browser, and signs in with the new address.")
        yield _("Password, second factor and API keys stay.")
        if providers := ", ".join(providers_of(user)):
            says = _(
                "Still comes from the account at %(providers)s: forget that one if it is somebody else's."
            )
            yield says % {"providers": providers}
        yield _("They are told by mail, at the old and at the new address.")
    else:
        yield _("They are told by mail.")


def reason(request: Request, label: str, error: str) -> FieldCard:
    return FieldCard(
        "reason",
        label,
        value=request.POST.get("reason", ""),
        error=error,
        hint=_("It stands in the record."),
    )


def words(request: Request, change: Held, user: User | None) -> tuple[str, str, Look, tuple[str, ...]]:
    """(title, label of the button, its look, effects)"""
    name = {"name": user.name if user else change.name}
    if change.act in (held.INVITE, held.ROLES):
        gained, lost = gained_and_lost(request, user, held.unpacked(change))
        effects = (*(_("Gains: %s") % each for each in gained), *(_("Loses: %s") % each for each in lost))
        if user is None:
            mail = _("Gets a mail that says how to choose a password. It holds no key.")
            return _("Invite %(name)s") % name, _("Invite"), "main", (*effects, mail)
        return _("Change the roles of %(name)s") % name, _("Change roles"), "main", effects
    if change.act == held.DISABLE and user:
        effects = (
            *left_behind(user),
            _("Is signed out on every browser at once, and cannot sign in. Their API keys end for good."),
            _("Roles stay as they are, and come back if the person is enabled again."),
            _("What they filed, decided and did stays in the record, with their name."),
        )
        return _("Disable %(name)s") % name, _("Disable"), "bad", effects
    if change.act == held.CORRECT and user:
        title = _("Put right the name or address of %(name)s") % {"name": user.name}
        return title, _("Save"), "main", tuple(corrected(user, change))
    if change.act == held.ENABLE:
        effects = (_("May sign in again, with the roles and the second factor of before."),)
        return _("Enable %(name)s") % name, _("Enable"), "main", effects
    if change.act == held.UNLINK and user:
        effects = (
            _("Is signed out on every browser."),
            _("The account that they come from at the provider opens nothing here any more."),
            _("The next account there with the address %(email)s becomes theirs.") % {"email": user.email},
        )
        return _("Forget the provider account of %(name)s") % name, _("Forget it"), "bad", effects
    if change.act == held.LOST:
        effects = (
            _(
                "Call them back at a number that you had before, or see them. A mail or a call to you proves nothing."
            ),
            _("Passkeys, codes of an app and recovery codes count no more. The password stays."),
            _(
                "Is signed out on every browser, and sets up another second factor before anything else opens."
            ),
            _("They are told by mail."),
        )
        return _("Take away the lost second factor of %(name)s") % name, _("Take it away"), "bad", effects
    if change.act == held.DELEGATION and user is not None:
        effects = (
            delegated.title(delegated.one(request, user, change.delegation)),
            _("That ends at once. Decisions that were made stay."),
            _("Both are told, with your reason."),
        )
        return _("End a delegation of %(name)s") % name, _("End it"), "bad", effects
    effects = (_("Is signed out on every browser, and can sign in again."),)
    return _("Sign %(name)s out everywhere") % name, _("Sign out"), "bad", effects
