"""An ordered collection of records: a base that never changes, and an overlay of changes.

The base may be a list or arithmetic (`generated.py`), so that a workspace with 10,000 members costs
nothing until somebody asks. Records are treated as frozen: change one by `put` of a changed copy.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

Json = dict[str, Any]
Where = Callable[[Json], bool]


class Base(Protocol):
    """What a base must answer. `index` takes a record's key, `index_of_email` a lower-case address."""

    def __len__(self) -> int: ...

    def at(self, index: int) -> Json: ...

    def index(self, key: str) -> int | None: ...

    def index_of_email(self, email: str) -> int | None: ...


class ListBase:
    """A base made of records that exist."""

    def __init__(self, records: list[Json], key: str = "id") -> None:
        self._records = records
        self._by_key = {record[key]: index for index, record in enumerate(records)}
        self._by_email = {str(record.get("email", "")).lower(): index for index, record in enumerate(records)}

    def __len__(self) -> int:
        return len(self._records)

    def at(self, index: int) -> Json:
        return self._records[index]

    def index(self, key: str) -> int | None:
        return self._by_key.get(key)

    def index_of_email(self, email: str) -> int | None:
        return self._by_email.get(email)


class Rows:
    """Reads go through the overlay; positions stay valid while records come and go, so cursors do too."""

    def __init__(self, base: Base, key: str = "id") -> None:
        self._base = base
        self._key = key
        self._gone: set[int] = set()
        self._changed: dict[int, Json] = {}
        self._added: list[Json | None] = []

    @classmethod
    def of(cls, records: list[Json], key: str = "id") -> "Rows":
        return cls(ListBase(records, key), key)

    def __len__(self) -> int:
        return len(self._base) - len(self._gone) + sum(1 for row in self._added if row is not None)

    def __iter__(self) -> Iterator[Json]:
        rows = (self._row(position) for position in range(self._span))
        return (row for row in rows if row is not None)

    def __contains__(self, key: str) -> bool:
        return self._position(key) is not None

    def get(self, key: str) -> Json | None:
        position = self._position(key)
        return None if position is None else self._row(position)

    def by_email(self, email: str) -> Json | None:
        """The record with this address, whatever its case."""
        wanted = email.lower()
        for row in self._added:
            if row is not None and str(row.get("email", "")).lower() == wanted:
                return row
        index = self._base.index_of_email(wanted)
        return None if index is None else self._row(index)

    def page(self, start: int, count: int, where: Where | None = None) -> tuple[list[Json], int | None]:
        """Up to `count` records from position `start`, and the position of the next one if there is one."""
        found: list[Json] = []
        for position in range(start, self._span):
            row = self._row(position)
            if row is None or (where and not where(row)):
                continue
            if len(found) == count:
                return found, position
            found.append(row)
        return found, None

    def touched(self) -> list[Json]:
        """Records that were changed or added since the world was made."""
        return [*self._changed.values(), *(row for row in self._added if row is not None)]

    def standing(self, indexes: list[int]) -> list[Json]:
        """The base's records at `indexes` that are still as they were."""
        return [self._base.at(i) for i in indexes if i not in self._gone and i not in self._changed]

    def put(self, row: Json) -> None:
        """Adds the record at the end, or replaces the one with its key."""
        position = self._position(row[self._key])
        if position is None:
            self._added.append(row)
        elif position < len(self._base):
            self._changed[position] = row
        else:
            self._added[position - len(self._base)] = row

    def remove(self, key: str) -> Json | None:
        """Takes the record away and returns it; None if it was not there."""
        position = self._position(key)
        if position is None:
            return None
        row = self._row(position)
        if position < len(self._base):
            self._gone.add(position)
            self._changed.pop(position, None)
        else:
            self._added[position - len(self._base)] = None
        return row

    def dump(self) -> Json:
        """The overlay as plain data; empty if nothing was changed."""
        if not (self._gone or self._changed or self._added):
            return {}
        changed = {str(index): row for index, row in self._changed.items()}
        return {"gone": sorted(self._gone), "changed": changed, "added": list(self._added)}

    def restore(self, overlay: Json) -> None:
        """Puts an overlay of `dump` in the place of the present one."""
        self._gone = set(overlay.get("gone", ()))
        self._changed = {int(index): row for index, row in overlay.get("changed", {}).items()}
        self._added = list(overlay.get("added", ()))

    @property
    def _span(self) -> int:
        return len(self._base) + len(self._added)

    def _row(self, position: int) -> Json | None:
        size = len(self._base)
        if position >= size:
            return self._added[position - size]
        if position in self._gone:
            return None
        return self._changed.get(position) or self._base.at(position)

    def _position(self, key: str) -> int | None:
        for serial, row in enumerate(self._added):
            if row is not None and row[self._key] == key:
                return len(self._base) + serial
        index = self._base.index(key)
        return None if index is None or index in self._gone else index
