"""Members by arithmetic: a workspace with 10,000 people that takes no memory until one of them changes."""

from collections.abc import Mapping

from offboarding.simulators import ids
from offboarding.simulators.names import FIRST, LAST
from offboarding.simulators.segment import roles
from offboarding.simulators.segment.rows import Json

OWNERS = 3  # the first members of a generated workspace


class GeneratedMembers:
    """`count` members of one workspace; `seats` puts given people at given positions."""

    def __init__(
        self, workspace_id: str, count: int, domain: str, seats: Mapping[int, Json] | None = None
    ) -> None:
        self._workspace_id = workspace_id
        self._domain = domain
        self._ids = ids.NumberedIds(f"members {workspace_id}", count)
        self._seats = dict(seats or {})
        self._seat_of_email = {str(row["email"]).lower(): index for index, row in self._seats.items()}
        self._seat_of_id = {str(row["id"]): index for index, row in self._seats.items()}

    def __len__(self) -> int:
        return self._ids.count

    def key(self, index: int) -> str:
        seat = self._seats.get(index)
        return str(seat["id"]) if seat else self._ids.text(index)

    def at(self, index: int) -> Json:
        seat = self._seats.get(index)
        if seat:
            return seat
        first, last = FIRST[index % len(FIRST)], LAST[index // len(FIRST) % len(LAST)]
        name = "" if index % 97 == 96 else f"{first} {last}"
        email = f"{first}.{last}.{index}@{self._domain}".lower().replace(" ", "-").replace("'", "")
        return {"id": self.key(index), "name": name, "email": email, "permissions": self._permissions(index)}

    def index(self, key: str) -> int | None:
        if key in self._seat_of_id:
            return self._seat_of_id[key]
        number = self._ids.number(key)
        return None if number in self._seats else number

    def index_of_email(self, email: str) -> int | None:
        if email in self._seat_of_email:
            return self._seat_of_email[email]
        number = email.partition("@")[0].rpartition(".")[2]
        index = int(number) if number.isascii() and number.isdigit() else len(self)
        return index if index < len(self) and self.at(index)["email"] == email else None

    def owners(self) -> list[int]:
        """Positions of the owners, so that nobody has to look at everybody."""
        seated = [index for index, row in self._seats.items() if roles.grants_owner(row["permissions"])]
        first = [index for index in range(min(OWNERS, len(self))) if index not in self._seats]
        return sorted(first + seated)

    def _permissions(self, index: int) -> list[Json]:
        whole = [roles.resource("WORKSPACE", self._workspace_id)]
        role = (
            roles.OWNER if index < OWNERS else ("Source Admin", "Source Read-only", roles.MINIMAL)[index % 3]
        )
        return [roles.permission(role, whole)]


class EveryNth:
    """Membership of a generated group: members `offset`, `offset + step`, and so on."""

    def __init__(self, members: GeneratedMembers, step: int, offset: int) -> None:
        self._members, self._step, self._offset = members, step, offset

    def __len__(self) -> int:
        return max(0, -(-(len(self._members) - self._offset) // self._step))

    def at(self, index: int) -> Json:
        return {"id": self._members.key(self._offset + index * self._step)}

    def index(self, key: str) -> int | None:
        number = self._members.index(key)
        if number is None or number % self._step != self._offset:
            return None
        return number // self._step

    def index_of_email(self, email: str) -> int | None:
        number = self._members.index_of_email(email)
        return None if number is None else self.index(self._members.key(number))
