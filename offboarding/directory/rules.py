"""What a user's memberships add up to."""

from __future__ import annotations

from dataclasses import dataclass

from offboarding.users.rules import Role

EVERYWHERE = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Who is asking, and what they may see: pairs of role and client (None: every client)."""

    user_id: int
    email: str
    grants: frozenset[tuple[Role, int | None]]

    def has(self, *roles: Role) -> bool:
        return any(role in roles for role, _ in self.grants)

    def everywhere(self, *roles: Role) -> bool:
        return any(client is EVERYWHERE and (not roles or role in roles) for role, client in self.grants)

    def clients(self, *roles: Role) -> frozenset[int]:
        """The clients named in the grants of these roles (of any role, if none is given)."""
        return frozenset(
            client for role, client in self.grants if client is not None and (not roles or role in roles)
        )

    def covers(self, clients: frozenset[int], *roles: Role) -> bool:
        """True if, in these roles, every one of the clients is within reach."""
        return self.everywhere(*roles) or (bool(clients) and clients <= self.clients(*roles))
