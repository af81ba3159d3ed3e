"""One value, one sequence of bytes: JSON that can be hashed and signed.

In the spirit of RFC 8785 (JSON Canonicalization Scheme), but narrower: no floats at all, so that no two programs
can print one number in two ways. Keys are sorted by code point. Text is not normalised: what came in is what is kept.
"""

import hashlib
import json
from typing import Any

# The largest whole number that every JSON reader keeps exactly (RFC 8785, appendix D: IEEE 754 double).
_LARGEST = 2**53 - 1
_DEEPEST = 100


class NotCanonical(ValueError):
    """The value or the bytes have no canonical form. The message names the place and never shows the value."""


def dumps(value: Any) -> bytes:
    """The canonical JSON bytes (UTF-8) of a value made of dict, list, tuple, str, int, bool and None.

    A tuple is written as a list. Raises NotCanonical for floats, numbers beyond 2**53-1, keys that are not text,
    lone surrogates, any other type (dates too: give ISO 8601 text), and nesting deeper than 100.
    """
    if not _plain(value, 0):
        _check(value, "$", 0)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        _check(value, "$", 0)
        raise


def loads(data: bytes) -> Any:
    """The value of canonical bytes. Promises `dumps(loads(data)) == data`, and raises NotCanonical otherwise."""
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise NotCanonical("$: not JSON in UTF-8") from error
    if dumps(value) != data:
        raise NotCanonical("$: JSON, but not in its canonical form")
    return value


def digest(value: Any) -> str:
    """SHA-256, as 64 hex digits, of the canonical bytes."""
    return hashlib.sha256(dumps(value)).hexdigest()


def _plain(value: Any, depth: int) -> bool:
    """Whether it certainly has a canonical form, but for lone surrogates, which show when it is encoded.

    Nearly every value has one, and to know at each of its parts where one is costs more than all the rest.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return bool(-_LARGEST <= value <= _LARGEST)
    if depth >= _DEEPEST or kind not in (dict, list, tuple):
        return False
    if kind is dict:
        for key in value:
            if type(key) is not str:
                return False
        value = value.values()
    return all(type(each) is str or _plain(each, depth + 1) for each in value)


def _check(value: Any, place: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise NotCanonical(f"{place}: nested too deep")
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        _check_text(value, place)
    elif isinstance(value, int):
        if abs(value) > _LARGEST:
            raise NotCanonical(f"{place}: a number beyond 2**53-1")
    elif isinstance(value, dict):
        _check_mapping(value, place, depth)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(item, f"{place}[{index}]", depth + 1)
    else:
        raise NotCanonical(f"{place}: {type(value).__name__} has no canonical form")


def _check_mapping(value: dict[Any, Any], place: str, depth: int) -> None:
    for key, item in value.items():
        if not isinstance(key, str):
            raise NotCanonical(f"{place}: a key is not text")
        _check_text(key, f"{place}, a key")
        _check(item, f"{place}.{key}", depth + 1)


def _check_text(text: str, place: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        # "from None": the original message would show the text.
        raise NotCanonical(f"{place}: text with a lone surrogate") from None
