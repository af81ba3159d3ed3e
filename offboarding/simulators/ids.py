"""Identifiers and made-up secrets: derived, so that the same world always has the same ones."""

import hashlib
import string
from functools import lru_cache

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
BASE = len(ALPHABET)
ID_LENGTH = 22  # users, workspaces, sources (Segment Public API examples)


def encode(number: int, length: int) -> str:
    """`number` in base 62, padded on the left to `length` characters."""
    digits = []
    for _ in range(length):
        number, rest = divmod(number, BASE)
        digits.append(ALPHABET[rest])
    return "".join(reversed(digits))


def decode(text: str) -> int | None:
    """The number that `encode` was given, or None for text with other characters."""
    number = 0
    for letter in text:
        value = ALPHABET.find(letter)
        if value < 0:
            return None
        number = number * BASE + value
    return number


def stable_number(*parts: object) -> int:
    """A 64-bit number that depends on `parts` alone, the same in every process."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


@lru_cache(maxsize=1 << 16, typed=True)  # a world has the same ones each time that it is built
def derived(length: int, *parts: object) -> str:
    """`length` letters and digits that depend on `parts` alone."""
    text = "\x1f".join(str(part) for part in parts)
    number = int.from_bytes(hashlib.shake_256(text.encode()).digest(length), "big")
    return encode(number % BASE**length, length)


def account_id(email: str) -> str:
    """A person has one Segment account, and so one id in every workspace."""
    return derived(ID_LENGTH, "account", email.lower())


def token_value(seed: str, workspace_id: str, label: str) -> str:
    """A Public API token: `sgp_` and 64 letters or digits."""
    return "sgp_" + derived(64, "token", seed, workspace_id, label)


def token_short_id(value: str) -> str:
    """What the audit trail shows of a token: `public-api-token/<this>`."""
    return derived(8, "token short id", value)


def write_key(source_id: str, serial: int) -> str:
    """A write key: 32 letters and digits."""
    return derived(32, "write key", source_id, serial)


class NumberedIds:
    """Ids that look random and can be turned back into their number: no table is needed.

    An affine map over all strings of 22 letters and digits; `space` separates workspaces.
    """

    _size = BASE**ID_LENGTH
    _factor = 1_234_567_890_123_456_789_012_345_678_901_234_567  # odd and no multiple of 31: invertible
    _inverse = pow(_factor, -1, _size)

    def __init__(self, space: str, count: int) -> None:
        self._shift = stable_number(space) ** 2 % self._size
        self.count = count

    def text(self, number: int) -> str:
        return encode((number * self._factor + self._shift) % self._size, ID_LENGTH)

    def number(self, text: str) -> int | None:
        """The number of an id of this space below `count`; None for any other text."""
        value = decode(text) if len(text) == ID_LENGTH else None
        if value is None:
            return None
        number = (value - self._shift) * self._inverse % self._size
        return number if number < self.count else None
