"""Documents for people: PDF/A-2a and PDF/UA-1.

Typeset by typst with the fonts that stand beside this file, so that the same words give the same bytes on any machine. A
sign that none of the fonts can show is written as [U+6F22]; the exact text is where the document's data is kept.
"""

import ctypes
import json
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import typst

from offboarding.lib.typesetting.streams import settle

_REFUSED = re.compile(r'(?:the text|contains the codepoint) `"(?P<text>.*?)"`', re.DOTALL)
_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]+)\}")
# Joiners that shape a name; every other invisible sign is made visible, since some turn the order of text around.
_JOINERS = "\u200c\u200d"
_MOST_ROUNDS = 300
_LONG = 20_000  # characters of data that make a long document
_REMEMBERED = 10  # compilations until a document is forgotten
_NOTHING = b'#set document(title: "nothing")'
_PROBE = b"""#set document(title: "probe")
#set text(font: ("Public Sans", "Libertinus Serif", "Noto Sans Thai", "WenQuanYi Micro Hei", "DejaVu Sans Mono",
  "Noto Emoji"))
#for sign in json(bytes(sys.inputs.data)) [#sign

]"""

_unshowable: set[str] = set()
_showable: set[str] = set()


class DocumentRefused(Exception):
    """The typesetter refused the document for a reason that has nothing to do with the signs in it."""


def render(template: bytes, data: Any) -> bytes:
    """The PDF. `template` is typst of ours that reads `data` as JSON: text, lists and objects of text, never markup.

    Same template and data, same bytes. Raises DocumentRefused.
    """
    try:
        return _compile(template, fit(data))
    except typst.TypstError as error:
        if not _REFUSED.search(str(error)):
            raise DocumentRefused(str(error)) from error
    # A sign that can be shown alone may still be refused beside another one: then only plain signs are left.
    try:
        return _compile(template, _walk(data, _ascii))
    except typst.TypstError as error:
        raise DocumentRefused(str(error)) from error


def fit(value: Any) -> Any:
    """The value with every sign that the fonts cannot show, or that nobody could see, written as [U+XXXX]."""
    _probe({sign for text in _texts(value) for sign in text if ord(sign) > 126 and not _hidden(sign)})
    return _walk(value, lambda text: "".join(_visible(sign) for sign in text))


def _visible(sign: str) -> str:
    if sign in "\n\t":
        return " " if sign == "\t" else sign
    return f"[U+{ord(sign):04X}]" if _hidden(sign) or sign in _unshowable else sign


def _hidden(sign: str) -> bool:
    return unicodedata.category(sign)[0] == "C" and sign not in "\n\t" + _JOINERS


def _ascii(text: str) -> str:
    return "".join(sign if sign == "\n" or 32 <= ord(sign) < 127 else f"[U+{ord(sign):04X}]" for sign in text)


def _probe(signs: set[str]) -> None:
    """Sort the signs into those that the fonts show and those that they do not; the typesetter names one at a time."""
    unsure = signs - _showable - _unshowable
    for _ in range(_MOST_ROUNDS):
        refused = _first_refused(unsure)
        if not refused:
            _showable.update(unsure)
            return
        _unshowable.update(refused)
        unsure -= refused
    _unshowable.update(unsure)


def _first_refused(signs: set[str]) -> set[str]:
    try:
        _compile(_PROBE, sorted(signs))
    except typst.TypstError as error:
        found = _REFUSED.search(str(error))
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), found["text"]) if found else ""
        return signs & set(text) or set(signs)
    return set()


def _compile(source: bytes, data: Any) -> bytes:
    given = json.dumps(data, ensure_ascii=False)
    try:
        pdf: bytes = typst.compile(
            source,
            format="pdf",
            pdf_standards=["a-2a", "ua-1"],
            font_paths=_fonts(),
            sys_inputs={"data": given},
        )
        return settle(pdf)
    finally:
        if len(given) > _LONG:
            _let_go()


def _let_go() -> None:
    """The typesetter remembers all of its last few documents, in case the next one is nearly the same (comemo, evict), and
    glibc keeps what is freed: together two gigabytes in a worker that has sealed some large packets.
    """
    for _ in range(_REMEMBERED):
        typst.compile(_NOTHING, format="pdf", font_paths=_fonts())
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # only where the C library is glibc
        trim(0)


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True, font_paths=[Path(__file__).parent / "fonts"]
    )


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]


def _walk(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _walk(part, change) for key, part in value.items()}
    if isinstance(value, list):
        return [_walk(part, change) for part in value]
    return value
