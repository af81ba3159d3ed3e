"""Nobody is told of another client's request, said once more as constraints of the database."""

from __future__ import annotations

from offboarding.work.guards import of_one_client

GUARDS = of_one_client(
    "a_letter_is_to_a_client_of_its_request",
    "letters_letter",
    """NOT EXISTS (SELECT 1 FROM removals_place p JOIN connections_workspace w ON w.id = p.workspace_id
    WHERE p.removal_id = NEW.removal_id AND w.client_id = NEW.client_id)""",
)
