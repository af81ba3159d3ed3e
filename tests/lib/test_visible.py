from __future__ import annotations

import unicodedata

import pytest

from offboarding.lib.visible import visible


@pytest.mark.parametrize(
    ("text", "shown", "because"),
    [
        ("invoice\u202etxt.exe", "invoice[U+202E]txt.exe", "it would read as exe.txt"),
        ("a\u2066b\u2069", "a[U+2066]b[U+2069]", "isolates turn text around, too"),
        ("bob\u200b@x", "bob[U+200B]@x", "two addresses would look alike"),
        ("\ufeffDan\u00ad", "[U+FEFF]Dan[U+00AD]", "no shape"),
        ("\x1b[2J", "[U+001B][2J", "a terminal would obey"),
        ("tag \U000e0041", "tag [U+E0041]", "text that nobody sees"),
        ("one\ntwo\tthree\r\n", "one\ntwo\tthree\r\n", "lines stay lines"),
        ("می\u200cخواهم", "می\u200cخواهم", "a joiner shapes this word"),
        ("Zoë 張偉 👩\u200d💻 Ελένη", "Zoë 張偉 👩\u200d💻 Ελένη", "names stay names"),
    ],
)
def test_signs_that_nobody_sees_are_written_out(text: str, shown: str, because: str) -> None:
    assert visible(text) == shown, because
    assert visible(shown) == shown


def test_no_format_sign_of_the_basic_planes_is_left_but_joiners_and_visible_ones() -> None:
    """Marks of Arabic numbers and the like have a shape, and so have musical and shorthand beams."""
    left = {
        sign
        for sign in map(chr, range(0x20, 0xE0080))
        if unicodedata.category(sign) in ("Cc", "Cf") and visible(sign) == sign
    }
    shaped = {
        "\u200c",
        "\u200d",
        *map(chr, range(0x600, 0x606)),
        "\u06dd",
        "\u070f",
        "\u0890",
        "\u0891",
        "\u08e2",
    }
    assert {sign for sign in left if ord(sign) < 0x10000} == shaped
    assert all(0x110BD <= ord(sign) <= 0x1D17A for sign in left - shaped)
