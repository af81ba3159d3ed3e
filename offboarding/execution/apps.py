from __future__ import annotations

from django.apps import AppConfig


class ExecutionConfig(AppConfig):
    name = "offboarding.execution"

    def ready(self) -> None:
        from offboarding.execution import steps
        from offboarding.execution.actions import crashed
        from offboarding.execution.models import Run
        from offboarding.execution.perform import perform
        from offboarding.execution.steps.cancel_invitation import CancelInvitation
        from offboarding.execution.steps.downgrade import Downgrade
        from offboarding.execution.steps.leave_group import LeaveGroup
        from offboarding.execution.steps.read_before import read_before
        from offboarding.execution.steps.remove_member import RemoveMember
        from offboarding.work import desks

        desks.register(Run, perform, crashed)
        steps.register("segment.remove_member", RemoveMember())
        steps.register("segment.cancel_invitation", CancelInvitation())
        steps.register("segment.leave_group", LeaveGroup())
        steps.register("segment.downgrade", Downgrade())
        steps.OWN["before.snapshot"] = read_before
