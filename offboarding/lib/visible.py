"""Signs that nobody sees, made visible: some of them turn the order of text around, so that a name reads as another one."""

from __future__ import annotations

import re

# Controls but tab and line ends, and the format signs of Unicode 16 that have no shape: soft hyphen, marks and overrides of
# direction, isolates, blanks without width, annotations, tags. The joiners that shape letters (200C, 200D) stay.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0001\U000e0020-\U000e007f]"
)


def visible(text: str) -> str:
    """The text with each such sign written as [U+202E]."""
    return text if text.isascii() and text.isprintable() else _HIDDEN.sub(_written, text)


def _written(found: re.Match[str]) -> str:
    return f"[U+{ord(found[0]):04X}]"
