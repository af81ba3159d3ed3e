"""Is this file, or this digest, one of ours? Against everything that the person may see."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from offboarding.reports.matches import Match, What, matches
from offboarding.web.cards import ActCard, NoticeCard
from offboarding.web.evidence.forms import CheckForm
from offboarding.web.evidence.tabs import tabs
from offboarding.web.http import Request, page, part_wanted, signed_in


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def verify(request: Request) -> HttpResponse:
    """Compares; keeps nothing."""
    asked = request.method == "POST"
    form = CheckForm(request.POST, request.FILES) if asked else CheckForm()
    verdict = answer(request, form) if asked and form.is_valid() else None
    context = {
        "form": form,
        "verdict": verdict,
        "where": verdict and found_at(form.cleaned_data["found"]),
        "tabs": tabs(request.scope, "verify"),
        "check_url": "/verify/",
    }
    status = 422 if asked and verdict is None else 200
    template = "verify/_check.html" if part_wanted(request) and asked else "verify/page.html"
    return page(request, template, context, status)


def answer(request: Request, form: CheckForm) -> NoticeCard:
    digest, name = form.asked()
    found = form.cleaned_data["found"] = matches(request.scope, digest)
    asked = _("%(name)s has the SHA-256 %(digest)s.") if name else _("You asked for the SHA-256 %(digest)s.")
    told = asked % {"name": name, "digest": digest}
    if found:
        return NoticeCard("ok", title(found), told)
    return NoticeCard(
        "attention",
        _("Not among those that you may see"),
        told + " " + _("Either it was changed, or it was never sealed here, or it belongs to others."),
    )


def title(found: list[Match]) -> str:
    if len(found) == 1:
        return _("Same as %(what)s") % {"what": says(found[0])}
    n = len(found)
    return ngettext("Same as %(n)d thing on record", "Same as %(n)d things on record", n) % {"n": n}


def says(each: Match) -> str:
    facts = {"n": each.number, "name": each.name, "ref": f"R-{each.removal}", "version": each.version}
    words = {
        What.PACKET: _("packet %(ref)s, version %(version)d"),
        What.BAG: _("the bag of packet %(ref)s, version %(version)d"),
        What.REPORT: _("the report of packet %(ref)s, version %(version)d"),
        What.ITEM: _("item %(n)d of packet %(ref)s, version %(version)d: %(name)s"),
        What.ENTRY: _("the hash of ledger entry %(n)d"),
        What.CHECKPOINT: _("the signed checkpoint of %(n)d entries"),
    }
    said = words[each.what] % facts
    return (
        said if each.newest or not each.removal else _("%(said)s (a newer version is there)") % {"said": said}
    )


def found_at(found: list[Match]) -> list[ActCard]:
    """A link to each."""
    return [ActCard(says(each), url(each)) for each in found]


def url(each: Match) -> str:
    if each.removal:
        return f"/evidence/R-{each.removal}/" + ("" if each.newest else f"v{each.version}/")
    return f"/audit/{each.number}/" if each.what is What.ENTRY else "/audit/"
