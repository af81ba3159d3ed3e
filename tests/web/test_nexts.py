"""From each cause to the next act: a sentence, a remedy, something to press, and causes to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from offboarding.execution.models import Run
from offboarding.execution.rules import REMEDIES, Cause
from offboarding.web.steps import cards
from offboarding.web.steps.nexts import BY_HAND, NEXTS, RETRY
from offboarding.web.steps.stuck import BY_CAUSE
from offboarding.work.rules import State
from tests.web.test_steps import at, run_of, text_of

Make = Callable[..., Any]
NO_STOP = (Cause.MANUAL, Cause.TAKEN_OVER, Cause.PAUSED)


def test_every_cause_has_a_next_act_and_causes_to_look_at() -> None:
    assert set(NEXTS) == set(Cause)
    assert set(BY_CAUSE) == set(Cause) and all(BY_CAUSE.values())


def test_a_cause_that_is_tried_again_offers_it() -> None:
    assert not [cause for cause, each in NEXTS.items() if each.button == RETRY and cause in cards.NO_RETRY]


def stop(run: Run, cause: Cause) -> Run:
    Run.objects.filter(pk=run.pk).update(
        state=State.NEEDS_PERSON,
        cause=cause,
        sentence="It stopped.",
        remedy=REMEDIES[cause][:500],
        not_before=None,
    )
    run.refresh_from_db()
    return run


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause not in NO_STOP])
def test_the_step_shows_sentence_remedy_and_what_to_press(
    cause: Cause, client: Browser, running: Make, olga: Any
) -> None:
    run = stop(run_of(running(), "remove-member"), cause)
    client.force_login(olga)
    response = client.get(at(run))
    told, html = text_of(response), response.content.decode()
    assert "It stopped." in told
    assert REMEDIES[cause].split(".")[0].replace("'", "&#x27;").replace(">", "&gt;") in html
    assert "Stuck?" in told
    assert at(run, NEXTS[cause].button) in html


LINKS = [
    (Cause.TOKEN_REFUSED, "/setup/connections/{pk}/token/"),
    (Cause.NOT_ALLOWED, "/setup/connections/{pk}/token/"),
    (Cause.OWNER_NEEDED, "/setup/connections/{pk}/token/"),
    (Cause.NOT_REACHED, "/setup/connections/"),
    (Cause.DECLINED, "#tries-title"),
    (Cause.STILL_THERE, "#tries-title"),
    (Cause.FELL, "#arrives-title"),
    (Cause.CAME_BACK, "/requests/new/?email=dan%40northwind.example"),
]


@pytest.mark.parametrize(("cause", "link"), LINKS, ids=[row[0].value for row in LINKS])
def test_the_link_beside_the_sentence_leads_there(
    cause: Cause, link: str, client: Browser, running: Make, olga: Any
) -> None:
    run = stop(run_of(running(), "remove-member"), cause)
    client.force_login(olga)
    assert link.format(pk=run.item.workspace_id) in client.get(at(run)).content.decode()


def test_a_paused_step_says_so_and_leads_to_the_request(client: Browser, running: Make, olga: Any) -> None:
    run = run_of(running(), "remove-member")
    Run.objects.filter(pk=run.pk).update(
        state=State.WAITING, cause=Cause.PAUSED, waiting_for="The request is paused", not_before=None
    )
    client.force_login(olga)
    told = text_of(client.get(at(run)))
    assert (
        "The request is paused" in told and "Open the request" in told and "Why does nothing happen?" in told
    )


def test_who_may_not_enter_a_token_is_led_to_who_keeps_it(client: Browser, running: Make, sam: Any) -> None:
    run = stop(run_of(running(), "remove-member"), Cause.TOKEN_REFUSED)
    client.force_login(sam)
    html = client.get(at(run)).content.decode()
    assert "/token/" not in html and 'href="/setup/connections/"' in html


def test_a_managed_workspace_leads_to_the_step_at_the_provider(
    client: Browser, running: Make, workspace: Make, olga: Any
) -> None:
    managed = workspace("Acme Production", managed_by="scim", provider_group="seg-acme")
    removal = running(connected=(managed,))
    run, provider = run_of(removal, "remove-member"), run_of(removal, "provider-group")
    for cause in (Cause.SCIM_MANAGED, Cause.CAME_BACK):
        stop(run, cause)
        client.force_login(olga)
        assert f'href="{at(provider)}"' in client.get(at(run)).content.decode()


def test_at_segment_the_workspace_itself_opens(
    client: Browser, running: Make, workspace: Make, olga: Any
) -> None:
    real = workspace("Acme Production", base_url="https://api.segmentapis.com")
    run = stop(run_of(running(connected=(real,)), "remove-member"), Cause.LAST_OWNER)
    client.force_login(olga)
    html = client.get(at(run)).content.decode()
    assert "https://app.segment.com/acme-production/" in html and "in Segment" in html


def test_what_cannot_be_tried_again_is_done_by_hand() -> None:
    for cause in cards.NO_RETRY:
        assert NEXTS[cause].button == BY_HAND
