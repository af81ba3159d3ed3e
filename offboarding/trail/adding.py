"""Taking in a CSV of the audit trail: read to its end first, then kept as it came, then merged beside the page."""

from __future__ import annotations

from typing import IO

from offboarding.connections.models import Workspace
from offboarding.directory.rules import Scope
from offboarding.evidence.actions import keep
from offboarding.evidence.models import Evidence
from offboarding.lib.refusals import Refused
from offboarding.trail import actions
from offboarding.trail.models import Harvest
from offboarding.trail.sheets import lines
from offboarding.users.models import User


def add(by: User, scope: Scope, workspace: Workspace, stream: IO[bytes], name: str) -> Harvest:
    """Raises Refused, naming the line, for a file that cannot be merged whole. Nothing of it is kept then."""
    actions.may_copy(scope, [workspace])
    stream.seek(0)
    count = sum(1 for _ in lines(stream, workspace.segment_id))
    if not count:
        raise Refused("no-lines", "There is no event in this file.", field="file")
    stream.seek(0)
    file = keep(
        stream,
        name=name,
        media_type="text/csv",
        shows=f"The audit trail of {workspace.name}, exported in Segment",
        source=Evidence.Source.PERSON,
        taken_by=by.name,
        client=workspace.client,
        origin=workspace.name,
    )
    return actions.add_file(by, scope, workspace, file, count)
