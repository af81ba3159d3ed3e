"""A workspace is one client's, said once more as constraints of the database: every wall asks whose it is."""

from __future__ import annotations

from offboarding.work.guards import of_one_client, stays_with_its_client

GUARDS = (
    *of_one_client(
        "an_engagement_covers_its_own_client",
        "connections_coverage",
        """EXISTS (SELECT 1 FROM directory_engagement e JOIN connections_workspace w ON w.client_id <> e.client_id
        WHERE e.id = NEW.engagement_id AND w.id = NEW.workspace_id)""",
    ),
    stays_with_its_client("a_workspace", "connections_workspace"),
)
