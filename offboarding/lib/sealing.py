"""Secrets at rest: sealed with the newest key, opened with any key that is still listed.

Uses MultiFernet of `cryptography` (AES-128-CBC with HMAC-SHA256). No error or repr here shows a key or a value.
"""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class NotOpenable(Exception):
    """The sealed text was made with a key that is no longer listed, or it was changed."""

    def __init__(self) -> None:
        super().__init__("None of the sealing keys opens this value: its key is missing, or it was changed.")


class NotSealable(ValueError):
    """The value is not text that can be written in UTF-8."""

    def __init__(self) -> None:
        super().__init__("This value cannot be sealed: it is not valid text.")


class NotASealingKey(ValueError):
    """A sealing key is 32 random bytes in URL-safe base64; make one with `new_key`."""

    def __init__(self, position: int) -> None:
        super().__init__(f"Sealing key {position} is not 32 bytes in URL-safe base64.")


class Sealer:
    """Seals with the first key and opens with any; so a new key goes first, and the old ones stay until rotated."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("At least one sealing key is needed.")
        each = [_fernet(key, number) for number, key in enumerate(keys, start=1)]
        self._newest, self._fernet = each[0], MultiFernet(each)

    def seal(self, value: str) -> str:
        """ASCII text that only the keys open; different at each call. Raises NotSealable for lone surrogates."""
        try:
            return self._fernet.encrypt(value.encode("utf-8")).decode("ascii")
        except UnicodeEncodeError:
            raise NotSealable from None

    def open(self, sealed: str) -> str:
        """The value. Raises NotOpenable."""
        try:
            return self._fernet.decrypt(sealed.encode("utf-8")).decode("utf-8")
        except (InvalidToken, UnicodeError):
            # "from None": a traceback must not carry the text along.
            raise NotOpenable from None

    def rotate(self, sealed: str) -> str:
        """The same value sealed again with the first key. Raises NotOpenable."""
        try:
            return self._fernet.rotate(sealed.encode("utf-8")).decode("ascii")
        except (InvalidToken, UnicodeError):
            raise NotOpenable from None

    def opens(self, sealed: str) -> bool:
        """True if one of the keys opens it."""
        return _opens(self._fernet, sealed)

    def is_newest(self, sealed: str) -> bool:
        """True if it was sealed with the first key."""
        return _opens(self._newest, sealed)

    def __repr__(self) -> str:
        return "<Sealer>"


def _opens(fernet: Fernet | MultiFernet, sealed: str) -> bool:
    try:
        fernet.decrypt(sealed.encode("utf-8"))
    except (InvalidToken, UnicodeError):
        return False
    return True


def new_key() -> str:
    """A new random key in the form that Sealer takes."""
    return Fernet.generate_key().decode("ascii")


def _fernet(key: str, number: int) -> Fernet:
    try:
        return Fernet(key)
    except (ValueError, TypeError):
        raise NotASealingKey(number) from None
