"""The living page of parts: complete, well formed, and fit for a strict content policy."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.conf import settings as django_settings
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.test.signals import template_rendered

from offboarding.web import cards as c
from offboarding.web import parts

TEMPLATES = Path(django_settings.BASE_DIR) / "templates"
OWN = [*TEMPLATES.glob("*.html"), *(TEMPLATES / "elements").glob("*.html"), *TEMPLATES.glob("errors/*.html")]


@pytest.fixture(autouse=True)
def plain_static_names(settings: Any) -> None:
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": storage}


class Page(HTMLParser):
    """The tags of a page, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.tags if "id" in attrs]

    def values(self, *names: str) -> Iterator[str]:
        return (attrs[name] or "" for _, attrs in self.tags for name in names if name in attrs)


@pytest.fixture
def html(rf: RequestFactory) -> str:
    return parts.parts(rf.get("/help/parts/")).content.decode()


@pytest.fixture
def page(html: str) -> Page:
    return Page(html)


def test_every_element_stands_on_the_page(rf: RequestFactory) -> None:
    seen: set[str] = set()

    def note(template: Any, **_: Any) -> None:
        seen.add(str(template.name))

    template_rendered.connect(note)
    parts.parts(rf.get("/help/parts/?drawer=1"))
    template_rendered.disconnect(note)
    elsewhere = {"elements/confirm_page.html", "elements/fields.html"}
    files = {f"elements/{path.name}" for path in (TEMPLATES / "elements").glob("*.html")}
    assert files - seen == elsewhere


def test_every_state_is_on_the_page(html: str) -> None:
    assert [key for key, look in c.LOOKS.items() if str(look.word) not in html] == []


def test_ids_are_unique(page: Page) -> None:
    ids = page.ids()
    assert sorted({i for i in ids if ids.count(i) > 1}) == []


def test_every_reference_finds_its_element(page: Page) -> None:
    known = set(page.ids())
    values = page.values("for", "aria-describedby", "aria-labelledby")
    assert {word for value in values for word in value.split()} - known == set()


def test_one_main_heading_and_no_skipped_level(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_nothing_inline_for_the_content_policy(page: Page) -> None:
    names = {name for _, attrs in page.tags for name in attrs}
    assert {name for name in names if name == "style" or re.fullmatch(r"on[a-z]+|hx-on.*", name)} == set()
    assert [attrs for tag, attrs in page.tags if tag == "script" and "src" not in attrs] == []
    assert "style" not in [tag for tag, _ in page.tags]


def test_nothing_is_fetched_from_elsewhere(page: Page) -> None:
    loading = ("script", "link", "img", "use")
    loads = [attrs.get("src") or attrs.get("href") for tag, attrs in page.tags if tag in loading]
    sources = [source for source in loads if source]
    assert len(sources) > 20
    assert [source for source in sources if not source.startswith("/static/")] == []


def test_the_page_is_light(html: str, page: Page) -> None:
    assert len(gzip.compress(html.encode())) < 20_000
    assert len(page.tags) < 1500


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_no_template_breaks_the_content_policy(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"""\sstyle=|\son[a-z]+=|hx-on|javascript:|js:|<script>""", text)


def rendered(name: str, **context: Any) -> str:
    return render_to_string(name, context)


def frame(**changes: Any) -> str:
    return rendered("base.html", nav=replace(parts.sample_nav(), **changes))


@pytest.mark.parametrize(
    ("changes", "text", "there"),
    [
        ({"emergency": True}, 'href="/emergency/"', True),
        ({"emergency": False}, 'href="/emergency/"', False),
        ({"file_url": ""}, "/requests/new/", False),
        ({"demo": False}, "demo-line", False),
        ({"unread": 3}, "<title>(3) ", True),
        ({"unread": 3}, "favicon-needs-you", True),
        ({"unread": 0}, "favicon-needs-you", False),
        ({"theme": "dark"}, 'data-theme="dark"', True),
        ({"keys": False}, 'data-keys="off"', True),
        ({"session_ends_at": "2026-03-31T12:00:00Z"}, "session-warning", True),
        ({"session_ends_at": ""}, "session-warning", False),
    ],
)
def test_the_frame_follows_the_card(changes: dict[str, Any], text: str, there: bool) -> None:
    assert (text in frame(**changes)) is there


def test_a_live_part_that_has_ended_asks_no_more() -> None:
    running = c.PollCard("live", "/x/", 2)
    assert 'hx-trigger="every 2s"' in rendered("elements/_poll.html", poll=running)
    ended = rendered("elements/_poll.html", poll=replace(running, seconds=0))
    assert 'id="live"' in ended
    assert "hx-trigger" not in ended


def test_a_confirm_page_names_what_it_does_and_carries_the_version() -> None:
    html = rendered("elements/confirm_page.html", **parts.samples())
    assert "<title>(4) Cancel request R-1042" in html
    assert '<input type="hidden" name="version" value="3">' in html
    assert Page(html).ids().count("confirm-title") == 1


def test_mistakes_on_a_confirm_page_are_said_in_the_title() -> None:
    samples = parts.samples()
    summary = c.ErrorSummaryCard((c.ErrorLine("Write a reason.", "id_why"),))
    samples["confirm"] = replace(samples["confirm"], summary=summary)
    html = rendered("elements/confirm_page.html", **samples)
    assert "Error: Cancel request" in html
    assert 'href="#id_why"' in html


class SignIn(forms.Form):
    login = forms.EmailField()
    password = forms.CharField(widget=forms.PasswordInput)


CAST = [("alice@acme.example", "Alice", "Engagement lead", "Files requests.")]


@pytest.mark.parametrize(("cast", "there"), [(CAST, True), (None, False)])
def test_the_cast_signs_in_only_in_the_demo(cast: Any, there: bool) -> None:
    html = rendered("account/login.html", form=SignIn(), demo_cast=cast, demo_signin_url="/demo/signin/")
    assert ("alice@acme.example" in html) is there
    assert ('action="/demo/signin/"' in html) is there


def test_sign_in_keeps_the_address_and_never_the_password() -> None:
    form = SignIn({"login": "sam@partner", "password": "not-to-be-seen"})
    html = rendered("account/login.html", form=form)
    assert 'value="sam@partner"' in html
    assert "not-to-be-seen" not in html
    assert "Error: Sign in" in html


def test_step_up_says_what_is_confirmed() -> None:
    html = rendered("account/reauthenticate.html", form=SignIn(), confirming="Approve plan 3 of R-1042.")
    assert "Approve plan 3 of R-1042." in html


@pytest.mark.parametrize("name", ["404", "403", "403_csrf", "429", "500", "errors/409", "errors/422"])
def test_an_error_page_needs_nothing_and_gives_one_way_on(name: str) -> None:
    page = Page(rendered(f"{name}.html"))
    main_acts = [attrs for tag, attrs in page.tags if tag == "a" and "btn" in (attrs.get("class") or "")]
    assert len(main_acts) == 1
    assert [tag for tag, _ in page.tags].count("h1") == 1


def test_an_error_page_quotes_its_number_once() -> None:
    card = c.ErrorPageCard("This did not work", "Try again.", "8f2c41aa", c.ActCard("Go to your work", "/"))
    assert rendered("errors/page.html", error=card).count("8f2c41aa") == 1
