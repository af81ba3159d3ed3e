"""Who decides how long records stay. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from offboarding.directory.rules import Scope
from offboarding.users.rules import Role

# Of all clients: what goes may be part of a request that several clients share.
PURGERS = (Role.ADMINISTRATOR,)
HOLDERS = (Role.ADMINISTRATOR, Role.SECURITY)


def may_not_purge(scope: Scope, asked_by: int | None = None) -> str:
    """Why this person may not ask for a purge, or confirm one that somebody asked for; empty if they may."""
    if not scope.everywhere(*PURGERS):
        return "Only administrators of all clients purge records."
    if asked_by == scope.user_id:
        return "You asked for this, so another administrator confirms it."
    return ""


def may_not_hold(scope: Scope, clients: frozenset[int], addresses: Sequence[str] = ()) -> str:
    """Why this person may neither put on nor lift a legal hold, in a sentence; empty if they may."""
    if scope.is_one_of(addresses):
        return "This is about your own access, so somebody else does it."
    if not scope.covers(clients, *HOLDERS):
        return "Only security and administrators of every client concerned put on and lift a legal hold."
    return ""
