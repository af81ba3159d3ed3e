"""Reading answers: fields out of JSON, pages out of lists.

Unknown keys are ignored. A list that is missing, or an entry without what makes it that thing, is Unreadable:
a short list must never look like absence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from offboarding.lib.masking import storable

Json = Any
Fields = Mapping[str, Any]
T = TypeVar("T")

PAGE = 200  # what every list serves; the documented 1000 is not served everywhere (Public API, Pagination)


class Unreadable(ValueError):
    """The answer says success, but its content is not what the call gives."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `next` is the cursor of the following page, None on the last."""

    items: tuple[T, ...]
    next: str | None = None
    current: str | None = None
    total: int | None = None


def fields(value: Json, what: str) -> Fields:
    if not isinstance(value, dict):
        raise Unreadable(f"{what} is missing")
    return value


def entries(data: Fields, name: str, read: Callable[[Json], T]) -> tuple[T, ...]:
    value = data.get(name)
    if not isinstance(value, list):
        raise Unreadable(f"the list {name} is missing")
    return tuple(read(each) for each in value)


def page(data: Fields, name: str, read: Callable[[Json], T], pagination: str = "pagination") -> Page[T]:
    """The list `name` with its pagination. Without any, a list is whole if it does not fill a page."""
    items = entries(data, name, read)
    about = data.get(pagination)
    if not isinstance(about, dict):
        if len(items) >= PAGE:
            raise Unreadable(f"the list {name} is full and says nothing of a next page")
        return Page(items)
    total = about.get("totalEntries")
    counted = isinstance(total, int) and not isinstance(total, bool)
    return Page(items, _cursor(about.get("next")), _cursor(about.get("current")), total if counted else None)


def must(value: Fields, name: str) -> str:
    """A text that the thing cannot be without."""
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise Unreadable(f"{name} is missing")
    return storable(found)


def may(value: Fields, name: str) -> str:
    found = value.get(name)
    return storable(found) if isinstance(found, str) else ""


def flag(value: Fields, name: str) -> bool | None:
    found = value.get(name)
    return found if isinstance(found, bool) else None


def number(value: Fields, name: str) -> int | None:
    found = value.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def optional(value: Fields, name: str) -> Fields:
    """An object inside that may be missing."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def success(data: Fields) -> None:
    """`{"status": "SUCCESS"}`, the answer to every removal."""
    if may(data, "status").upper() != "SUCCESS":
        raise Unreadable("the answer does not say SUCCESS")


def _cursor(value: Json) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable("the cursor of the next page is no text")
    return str(value)
