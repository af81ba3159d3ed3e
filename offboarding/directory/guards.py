"""What one client knows never hangs on another one, said once more as constraints of the database."""

from __future__ import annotations

from offboarding.work.guards import of_one_client, stays_with_its_client

GUARDS = (
    *of_one_client(
        "a_roster_is_of_one_client",
        "directory_collaborator_engagements",
        """EXISTS (SELECT 1 FROM directory_collaborator c JOIN directory_engagement e ON e.client_id <> c.client_id
        WHERE c.id = NEW.collaborator_id AND e.id = NEW.engagement_id)""",
    ),
    *of_one_client(
        "who_is_merged_is_of_one_client",
        "directory_collaborator",
        """EXISTS (SELECT 1 FROM directory_collaborator c WHERE c.id = NEW.merged_into_id
        AND c.client_id <> NEW.client_id)""",
    ),
    *of_one_client(
        "a_role_is_for_an_engagement_of_its_client",
        "directory_membership",
        """EXISTS (SELECT 1 FROM directory_engagement e WHERE e.id = NEW.engagement_id
        AND e.client_id <> NEW.client_id)""",
    ),
    stays_with_its_client("a_collaborator", "directory_collaborator"),
    stays_with_its_client("an_engagement", "directory_engagement"),
)
