from __future__ import annotations

from django.apps import AppConfig
from django.db.models.functions import Now


class ExecutionConfig(AppConfig):
    name = "offboarding.execution"

    def ready(self) -> None:
        from django.db.models import Q

        from offboarding.approvals.queries import DOERS
        from offboarding.execution import steps
        from offboarding.execution.actions import SIGN_OFF, crashed
        from offboarding.execution.guards import GUARDS
        from offboarding.execution.models import Run, Secret
        from offboarding.execution.perform import perform
        from offboarding.execution.queries import doers_of
        from offboarding.execution.rotation import queries as rotation
        from offboarding.execution.rotation.rules import CONFIRM, HAND_OVER
        from offboarding.execution.steps.add_write_key import AddWriteKey
        from offboarding.execution.steps.cancel_invitation import CancelInvitation
        from offboarding.execution.steps.contain import Contain
        from offboarding.execution.steps.downgrade import Downgrade
        from offboarding.execution.steps.end_access import EndAccess
        from offboarding.execution.steps.give_back import GiveBack
        from offboarding.execution.steps.give_missing import GiveMissing
        from offboarding.execution.steps.join_group import JoinGroup
        from offboarding.execution.steps.leave_group import LeaveGroup
        from offboarding.execution.steps.read_before import read_before
        from offboarding.execution.steps.reduce import Reduce
        from offboarding.execution.steps.remove_member import RemoveMember
        from offboarding.execution.steps.remove_write_key import RemoveWriteKey
        from offboarding.execution.steps.update_login import UpdateCredential, UpdateWarehouse
        from offboarding.work import desks, guards, sealed

        # What takes access away, and shows that it is gone, does not wait for what Segment's audit trail says of it.
        desks.register(Run, perform, crashed, first=Q(urgent=True), last=Q(item__step="verify.audit_events"))
        DOERS.append(doers_of)
        guards.register(GUARDS)
        steps.register("segment.remove_member", RemoveMember())
        steps.register("segment.contain", Contain())
        steps.register("segment.cancel_invitation", CancelInvitation())
        steps.register("segment.leave_group", LeaveGroup())
        steps.register("segment.downgrade", Downgrade())
        steps.register("segment.reduce", Reduce())
        steps.register("segment.give_back", GiveBack())
        steps.register("segment.give_missing", GiveMissing())
        steps.register("segment.join_group", JoinGroup())
        steps.register("segment.end_access", EndAccess())
        steps.register("segment.add_write_key", AddWriteKey())
        steps.register("segment.remove_write_key", RemoveWriteKey())
        SIGN_OFF[HAND_OVER], SIGN_OFF[CONFIRM] = rotation.not_handed_over, rotation.not_confirmable
        steps.register("segment.update_warehouse", UpdateWarehouse())
        steps.register("segment.update_credential", UpdateCredential())
        steps.OWN["before.snapshot"] = read_before
        sealed.register(
            sealed.Place(
                "new keys and logins", Secret, "sealed", lambda _old: {"sealed": "", "forgotten_at": Now()}
            )
        )
