"""What the product told people about one request, and whether it arrived at the mail server."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from offboarding.journey import notices
from offboarding.letters.models import Letter
from offboarding.letters.queries import clients_in, conditions_of, letters_of
from offboarding.letters.rules import may_not_write
from offboarding.notifications.models import Message
from offboarding.notifications.queries import mail_about, mails_about
from offboarding.web.http import Request, fence_in, page
from offboarding.web.letters.cards import LettersCard, letters_card
from offboarding.web.messages import cards
from offboarding.web.removal.cards import head
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.polling import wants_news
from offboarding.web.removal.views import of_request


@require_safe
@of_request
def listing(request: Request, view: Overview) -> HttpResponse:
    mails, written = mails_about(view.removal.reference), letters_of(view.removal)
    if wants_news(request) and request.GET["since"] == cards.version_of(mails, written):
        return HttpResponse(status=204)
    context: dict[str, Any] = {
        "poll": cards.poll(view, mails, written),
        "messages_card": shown(request, view, mails),
        "letters": letters(view, written),
    }
    if not wants_news(request):
        return page(request, "messages/page.html", {"head": head(view, "messages"), **context})
    response = render(request, "messages/_live.html", context)
    response["HX-Trigger"] = json.dumps({"announce": context["messages_card"].count})
    return response


def shown(request: Request, view: Overview, mails: list[Message]) -> cards.MessagesCard:
    return cards.messages_card(view, mails, not notices.may_not_send_again(request.user, view.removal))


def letters(view: Overview, written: list[Letter]) -> LettersCard | None:
    """None before the work begins, and for what gives access back: there is nothing to tell yet."""
    if not view.runs or view.removal.restores_id:
        return None
    wants = {client: conditions_of(client) for client in clients_in(view.removal)}
    may = not may_not_write(view.scope, view.removal.requester_id, view.clients)
    return letters_card(view, written, wants, may)


@require_http_methods(["GET", "HEAD", "POST"])
@of_request
def again(request: Request, view: Overview, message: int) -> HttpResponse:
    mail = mail_about(view.removal.reference, message)
    if mail is None:
        raise Http404
    if why := notices.may_not_send_again(request.user, view.removal):
        return page(
            request,
            "messages/not_yours.html",
            {"head": head(view, ""), "permission": cards.not_yours(why)},
            403,
        )
    if request.method != "POST":
        if not cards.stopped(mail):
            return redirect(f"{view.url}messages/")
        return page(request, "elements/confirm_page.html", {"confirm": cards.confirm_card(view, mail)})
    notices.send_again(view.removal, mail, request.user, fence_in(request))
    messages.success(request, _("The message to %(who)s goes out again.") % {"who": mail.recipient.name})
    return redirect(f"{view.url}messages/")
