"""The walk in Chromium, as people do it: one press to sign in, script on, pages that move by themselves."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from offboarding.demo.cast import PASSWORD

pytestmark = pytest.mark.browser
R = "/requests/R-1001/"
LONG = 90_000  # one of the simulated workspaces answers slowly


def test_alice_types_on_while_every_workspace_answers(person: Any) -> None:
    alice = person("Alice")
    page: Page = alice.page
    alice.look_around()
    alice.go("/requests/new/")
    page.get_by_label("E-mail address").fill("dan@northwind.example")
    page.get_by_role("button", name="Find access").click()
    others = page.get_by_label("Other addresses")
    others.fill("")
    others.press_sequentially("dan.reyes@mail.example", delay=60)
    expect(page.get_by_text(re.compile(r"workspaces checked")).first).to_be_visible()
    expect(others).to_have_value("dan.reyes@mail.example")
    page.get_by_role("button", name="Search again").click()
    expect(page.get_by_text("Workspace Owner").first).to_be_visible(timeout=LONG)
    expect(page.get_by_text("15 of 15 workspaces checked").first).to_be_visible(timeout=LONG)
    alice.look_around()


def test_alice_chooses_and_sends(person: Any) -> None:
    alice = person("Alice")
    page: Page = alice.page
    alice.go("/requests/new/R-1001/found/")
    alice.look_around()
    sandbox = page.get_by_role("group", name=re.compile("Acme Sandbox"))
    sandbox.get_by_role("radio", name=re.compile("Keep")).check()
    sandbox.get_by_role("textbox").last.fill("hand-over")
    staging = page.get_by_role("group", name=re.compile("Acme Staging"))
    staging.get_by_role("radio", name=re.compile("Read-only")).check()
    staging.locator("input[type=date]").fill((datetime.now(UTC).date() + timedelta(days=20)).isoformat())
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("radio", name=re.compile("Contract ended")).check()
    page.get_by_label(re.compile("Ticket")).fill("CS-881")
    alice.look_around()
    page.get_by_role("button", name="Continue").click()
    alice.look_around()
    page.get_by_role("button", name="Send for approval").click()
    expect(page.locator("main").get_by_text("Bob Lindqvist").first).to_be_visible()
    alice.look_around()
    alice.go(R)
    alice.look_around()


def test_bob_decides_on_exactly_this_plan(person: Any) -> None:
    bob = person("Bob")
    page: Page = bob.page
    bob.look_around()
    page.get_by_role("link", name=re.compile("Decide")).first.click()
    bob.look_around()
    page.get_by_role("radio", name=re.compile("^Approve")).check()
    page.get_by_role("button", name="Continue").click()
    bob.look_around()
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name=re.compile("Confirm")).click()
    bob.look_around()
    page.get_by_role("button", name=re.compile("^Approve removal from")).click()
    expect(page.get_by_text(re.compile("Approved|Running")).first).to_be_visible()


def test_olga_watches_the_checklist_move_without_reloading(person: Any) -> None:
    olga = person("Olga")
    page: Page = olga.page
    olga.go(f"{R}checklist/")
    page.evaluate("window.stayed = true")
    expect(page.get_by_text("is the only Owner of Initech Production").first).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Segment refused our token for Globex Staging").first).to_be_visible(timeout=LONG)
    finished = page.locator("#remove-finished")
    finished.locator("summary").click(timeout=LONG)
    expect(finished.get_by_text(re.compile("read again")).first).to_be_visible(timeout=LONG)
    assert page.evaluate("window.stayed")
    olga.look_around()
    for tab in ("", "timeline/", "evidence/", "messages/"):
        olga.go(R + tab)
        olga.look_around()


def test_olga_pastes_a_screenshot_and_signs_off(person: Any) -> None:
    olga = person("Olga")
    page: Page = olga.page
    olga.go(f"{R}checklist/")
    page.get_by_role("link", name="Take a screenshot of Access Management before the change").click()
    expect(page.get_by_role("button", name="Sign off")).to_be_visible()
    paste(page)
    expect(page.get_by_text(re.compile(r"\.png")).first).to_be_visible()
    page.get_by_role("checkbox", name="I did this and it is right").check()
    page.get_by_role("button", name="Sign off").click()
    expect(page.get_by_text(re.compile("signed off")).first).to_be_visible()
    olga.look_around()
    olga.go("/setup/connections/")
    olga.look_around()


def test_a_phone_shows_the_step_on_its_own_page(person: Any) -> None:
    olga = person("Olga", has_touch=True)
    olga.page.set_viewport_size({"width": 320, "height": 700})
    olga.go(f"{R}steps/3/")
    expect(olga.page.get_by_role("heading", level=1)).to_contain_text("API tokens")
    olga.look_around()


def test_without_script_the_core_pages_still_work(person: Any) -> None:
    olga = person("Olga", java_script_enabled=False)
    for path in ("/", f"{R}checklist/", f"{R}steps/3/", "/requests/"):
        olga.go(path)
        expect(olga.page.get_by_role("heading", level=1)).to_be_visible()
    olga.go(f"{R}steps/5/")
    olga.page.get_by_role("checkbox", name="I did this and it is right").check()
    olga.page.get_by_role("button", name="Sign off").click()
    expect(olga.page.get_by_text(re.compile("signed off")).first).to_be_visible()


def test_carol_finds_nothing(person: Any) -> None:
    carol = person("Carol")
    assert carol.page.request.get(carol.base + R).status == 404
    carol.go("/requests/")
    expect(carol.page.get_by_text("R-1001")).to_have_count(0)
    carol.look_around()


def test_the_other_pages_are_in_order(person: Any, tmp_path: Path) -> None:
    erin = person("Erin")
    for path in (
        "/",
        "/requests/",
        "/evidence/",
        "/me/",
        "/help/keys/",
        "/search/?q=dan",
        "/account/2fa/",
        "/demo/segment/",
    ):
        answer = erin.page.goto(erin.base + path)
        assert answer is not None
        assert answer.status == 200, path
        erin.look_around()
    stranger = person()
    stranger.go("/signin/")
    stranger.look_around()
    stranger.page.get_by_label("Work e-mail").fill("nobody@northwind.example")
    stranger.page.get_by_role("textbox", name="Password").fill("wrong")
    stranger.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(stranger.page.get_by_text("E-mail or password is not right").first).to_be_visible()


def test_sam_releases_an_emergency_and_watches_it_without_reloading(person: Any) -> None:
    sam = person("Sam")
    page: Page = sam.page
    page.get_by_role("link", name="Emergency", exact=True).click()
    sam.look_around()
    page.get_by_label("Their address").fill("dan@northwind.example")
    page.get_by_label("Incident").fill("INC-774")
    page.get_by_label("Reason").select_option("credentials-compromised")
    page.get_by_role("button", name="See what they can reach").click()
    expect(page.get_by_text("15 of 15 workspaces checked").first).to_be_visible(timeout=LONG)
    sam.look_around()
    page.get_by_label("Type the address to confirm").fill("dan@northwind.example")
    page.get_by_role("button", name="Remove access now").click()
    if "/confirm-identity/" in page.url:
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.get_by_role("button", name=re.compile("Confirm")).click()
        expect(page.get_by_text("You confirmed who you are")).to_be_visible()
        expect(page.get_by_label("Type the address to confirm")).to_have_value("dan@northwind.example")
        page.get_by_role("button", name="Remove access now").click()
    page.wait_for_url(re.compile("/emergency/R-"))
    page.evaluate("window.stayed = true")
    timer = page.get_by_role("timer")
    begun = timer.text_content()
    expect(
        page.get_by_text(re.compile(r"1[345] of 15 workspaces read again and found empty")).first
    ).to_be_visible(timeout=LONG)
    assert page.evaluate("window.stayed") and timer.text_content() != begun
    sam.look_around()
    page.get_by_role("link", name="Open the request").click()
    expect(page.get_by_text("Released without an approval by Sam Okafor").first).to_be_visible()
    sam.look_around()
    page.goto(page.url.replace("/requests/", "/emergency/") + "keys/")
    sam.look_around()


def test_bob_reviews_it_afterwards(person: Any) -> None:
    bob = person("Bob")
    page: Page = bob.page
    page.get_by_role("link", name=re.compile("Review")).first.click()
    bob.look_around()
    page.get_by_role("radio", name="Confirm the emergency").check()
    page.get_by_label("What you looked at").fill("Called the lead; it was real.")
    page.get_by_role("button", name="Record the review").click()
    if "/confirm-identity/" in page.url:
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.get_by_role("button", name=re.compile("Confirm")).click()
        page.get_by_role("button", name="Record the review").click()
    expect(page.get_by_text("Your review is recorded.")).to_be_visible()
    # Each client's request is reviewed by itself.
    expect(page.get_by_text("1 of 3 reviewed").first).to_be_visible()
    bob.look_around()


def paste(page: Page) -> None:
    """A picture from the clipboard, as a screenshot tool leaves it there."""
    page.evaluate(
        """async () => {
            const canvas = document.createElement("canvas");
            canvas.width = 60; canvas.height = 40;
            canvas.getContext("2d").fillRect(0, 0, 30, 40);
            const blob = await new Promise(done => canvas.toBlob(done, "image/png"));
            const data = new DataTransfer();
            data.items.add(new File([blob], "pasted.png", {type: "image/png"}));
            const where = document.querySelector("input[type=file]");
            where.focus();
            where.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
        }"""
    )
