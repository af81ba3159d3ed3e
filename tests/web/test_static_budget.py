"""What a browser has to load: small, ours, whole, and readable in both themes."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command

ROOT = Path(django_settings.BASE_DIR)
STATIC = ROOT / "static"
CSS = (STATIC / "css/app.css").read_text()
SCRIPT = (STATIC / "js/app.js").read_text()
SPRITE = (STATIC / "icons/sprite.svg").read_text()
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def packed(path: str) -> int:
    return len(gzip.compress((STATIC / path).read_bytes(), 9))


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("css/app.css", 18_000),
        ("js/app.js", 8_000),
        ("icons/sprite.svg", 5_000),
        ("icons/favicon.svg", 1_000),
    ],
)
def test_files_stay_inside_their_budget(path: str, limit: int) -> None:
    assert packed(path) <= limit


@pytest.mark.parametrize(("part", "limit"), [("latin", 27_000), ("latin-ext", 19_000)])
def test_fonts_stay_inside_their_budget(part: str, limit: int) -> None:
    assert (STATIC / f"fonts/public-sans-{part}-wght-normal.woff2").stat().st_size <= limit


def test_the_licence_of_the_font_lies_beside_it() -> None:
    assert "SIL Open Font License" in (STATIC / "fonts/OFL.txt").read_text()


@pytest.mark.parametrize(("name", "text"), [("css", CSS), ("js", SCRIPT)])
def test_nothing_comes_from_elsewhere(name: str, text: str) -> None:
    assert re.findall(r"https?://|//[a-z]+\.", text.replace("http://www.w3.org/2000/svg", "")) == []
    assert "url(data:" not in text


@pytest.mark.parametrize(
    "word", ["eval(", "new Function", "innerHTML =", "document.write", "insertAdjacentHTML", ".style"]
)
def test_the_script_keeps_to_the_content_policy(word: str) -> None:
    assert word not in SCRIPT


def test_the_script_has_no_text_of_its_own() -> None:
    words = (ROOT / "templates/_words.html").read_text()
    names = re.findall(r"\bwords\.(\w+)", SCRIPT)
    used = {re.sub(r"[A-Z]", lambda capital: "-" + capital[0].lower(), name) for name in names}
    assert used - set(re.findall(r"data-([a-z-]+)=", words)) == set()


def test_every_icon_named_in_a_page_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([a-z]+)"', SPRITE))
    named = {name for path in TEMPLATES for name in re.findall(r'{% icon "([a-z]+)"', path.read_text())}
    assert len(drawn) == 24
    assert named - drawn == set()


def test_hashed_names_resolve(settings: Any, tmp_path: Path) -> None:
    """Every `url()` in the style sheet leads to a file; a wrong one stops the collection."""
    manifest = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": manifest}
    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", interactive=False, verbosity=0)
    sheet = next((tmp_path / "css").glob("app.*.css")).read_text()
    assert re.search(r"public-sans-latin-wght-normal\.[0-9a-f]{12}\.woff2", sheet)


# ---- colours ----


def tokens() -> dict[str, tuple[str, str]]:
    pairs = re.findall(r"--([a-z-]+): light-dark\((#[0-9A-F]{3,6}), (#[0-9A-F]{3,6})\)", CSS)
    return {name: (light, dark) for name, light, dark in pairs}


def plain_tokens() -> dict[str, str]:
    block = CSS[CSS.index("--paper:") : CSS.index("@supports")]
    return dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{3,6})", block))


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = digits if len(digits) == 6 else "".join(d * 2 for d in digits)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


ON = {
    "ink": ("paper", "surface", "sunken"),
    "soft": ("paper", "surface", "sunken"),
    "accent": ("paper", "surface", "sunken"),
    "on-accent": ("accent", "accent-deep"),
    "on-bad": ("bad", "bad-deep"),
    **{role: ("paper", "surface", f"{role}-tint") for role in ("ok", "attention", "bad", "info", "waiting")},
}
TEXT = [(colour, ground) for colour, grounds in ON.items() for ground in grounds]
EDGES = [("edge", "paper"), ("edge", "surface"), ("info", "paper"), ("info", "sunken")]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("colour", "ground", "least"),
    [(*pair, 4.5) for pair in TEXT] + [(*pair, 3.0) for pair in EDGES],
)
def test_colours_can_be_read(colour: str, ground: str, least: float, theme: int) -> None:
    known = tokens()
    assert contrast(known[colour][theme], known[ground][theme]) >= least


def test_browsers_without_light_dark_get_the_light_values() -> None:
    plain = plain_tokens()
    assert {name: light for name, (light, _) in tokens().items()} == {name: plain[name] for name in tokens()}
