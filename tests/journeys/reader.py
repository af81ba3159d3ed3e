"""A browser without script: follows links, fills in forms as they are on the page, and sends them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx


@dataclass
class Form:
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)  # label, name, value
    names: set[str] = field(default_factory=set)
    formactions: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """The forms, links and words of one answer."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.open: Form | None = None
        self.select: str = ""
        self.chosen = False
        self.textarea: str | None = None
        self.button: tuple[str, str, str] | None = None
        self.link: tuple[str, str] | None = None
        self.words: list[str] = []
        self.hushed = 0
        self.feed(html)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        if tag in ("script", "style", "template"):
            self.hushed += 1
        if tag == "a" and "href" in have:
            self.link = (have["href"], "")
        if tag == "form":
            self.open = Form(have.get("action", ""), have.get("method", "get").lower())
            self.forms.append(self.open)
        if self.open is not None:
            self.control(self.open, tag, have)

    def control(self, form: Form, tag: str, have: dict[str, str]) -> None:
        name = have.get("name", "")
        if tag == "input":
            self.entry(form, name, have)
        elif tag == "select":
            self.select, self.chosen = name, False
            form.names.add(name)
        elif tag == "option" and self.select and ("selected" in have or not self.chosen):
            form.fields = [pair for pair in form.fields if pair[0] != self.select] + [
                (self.select, have.get("value", ""))
            ]
            self.chosen = True
        elif tag == "textarea":
            self.textarea = name
            form.names.add(name)
            form.fields.append((name, ""))
        elif tag == "button":
            self.button = ("", name, have.get("value", ""))
            if "formaction" in have:
                form.formactions[have.get("value", "")] = have["formaction"]

    def entry(self, form: Form, name: str, have: dict[str, str]) -> None:
        kind = have.get("type", "text")
        form.names.add(name)
        if kind == "file":
            form.files.append(name)
        elif kind in ("submit", "button"):
            form.buttons.append((have.get("value", ""), name, have.get("value", "")))
        elif name and (kind not in ("checkbox", "radio") or "checked" in have):
            form.fields.append((name, have.get("value", "on" if kind == "checkbox" else "")))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "template"):
            self.hushed -= 1
        if tag == "form":
            self.open = None
        if tag == "select":
            self.select = ""
        if tag == "textarea":
            self.textarea = None
        if tag == "button" and self.button and self.open is not None:
            self.open.buttons.append(self.button)
            self.button = None
        if tag == "a" and self.link:
            self.links.append((self.link[0], self.link[1].strip()))
            self.link = None

    def handle_data(self, data: str) -> None:
        if self.hushed:
            return
        self.words.append(data)
        if self.textarea is not None and self.open:
            name, value = self.open.fields[-1]
            # The newline right after the tag is not part of the value (HTML: textarea).
            self.open.fields[-1] = (name, value + data if value else data.removeprefix("\n"))
        if self.button:
            self.button = (self.button[0] + data, *self.button[1:])
        if self.link:
            self.link = (self.link[0], self.link[1] + data)


class Reader:
    """One person at one browser."""

    def __init__(self, base: str, transport: httpx.BaseTransport | None = None) -> None:
        self.base = base
        self.client = httpx.Client(base_url=base, follow_redirects=True, timeout=120, transport=transport)
        self.answer: httpx.Response
        self.page: Page

    def take(self, answer: httpx.Response) -> Reader:
        self.answer, self.page = (
            answer,
            Page(answer.text if "html" in answer.headers.get("content-type", "") else ""),
        )
        assert answer.status_code < 500, f"{answer.request.method} {answer.url}: {answer.status_code}"
        return self

    @property
    def path(self) -> str:
        return urlsplit(str(self.answer.url)).path

    @property
    def text(self) -> str:
        return self.page.text

    def get(self, path: str) -> Reader:
        return self.take(self.client.get(path))

    def follow(self, label: str) -> Reader:
        """The first link whose words contain the label."""
        for href, words in self.page.links:
            if label.lower() in words.lower():
                return self.get(urljoin(str(self.answer.url), href))
        raise AssertionError(f"no link “{label}” on {self.path}: {[words for _, words in self.page.links]}")

    def follow_in(self, after: str, label: str) -> Reader:
        """The first link with this label that comes after the words `after`."""
        place = self.answer.text.index(after)
        for href, words in Page(self.answer.text[place:]).links:
            if label.lower() in words.lower():
                return self.get(urljoin(str(self.answer.url), href))
        raise AssertionError(f"no link “{label}” after “{after}” on {self.path}")

    def form_with(self, button: str, needs: str = "") -> tuple[Form, tuple[str, str, str]]:
        for form in self.page.forms:
            for each in form.buttons:
                if button.lower() in each[0].lower() and (not needs or needs in form.names):
                    return form, each
        buttons = [each[0].strip() for form in self.page.forms for each in form.buttons]
        raise AssertionError(f"no button “{button}” on {self.path}: {buttons}")

    def press(
        self, label: str, files: dict[str, Any] | None = None, needs: str = "", **values: Any
    ) -> Reader:
        """Press a button; the form's fields go along as they are, changed by `values` (a list sends many)."""
        form, (_, name, value) = self.form_with(label, needs)
        unknown = set(values) - form.names
        assert not unknown, f"{self.path} has no field {unknown}; it has {form.names}"
        sent = [(key, old) for key, old in form.fields if key not in values]
        for key, new in values.items():
            sent += [(key, each) for each in (new if isinstance(new, list) else [new])]
        if name:
            sent.append((name, value))
        action = form.formactions.get(value) or form.action
        address = urljoin(str(self.answer.url), action)
        if form.method == "get":
            return self.take(self.client.get(address, params=sent))
        bundle: dict[str, Any] = {}
        for key, each in sent:
            bundle.setdefault(key, []).append(each)
        headers = {"Origin": self.base, "Referer": str(self.answer.url)}
        return self.take(self.client.post(address, data=bundle, files=files, headers=headers))
