"""All workspaces behind one address, found by token."""

from dataclasses import dataclass, field

from offboarding.simulators.segment.limits import Limits
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.settings import Token
from offboarding.simulators.segment.workspace import Workspace
from offboarding.simulators.trouble import TroubleBook


@dataclass
class World:
    """Built from plain data; `epoch` (seconds) is the moment from which its spans count back."""

    data: Json
    epoch: float
    workspaces: list[Workspace] = field(init=False)
    tokens: dict[str, tuple[Workspace, Token]] = field(init=False)
    trouble: TroubleBook = field(init=False)
    limits: Limits = field(init=False)

    def __post_init__(self) -> None:
        self.build(self.epoch)

    def build(self, epoch: float) -> None:
        """Makes everything new from the data."""
        self.epoch = epoch
        self.workspaces = [Workspace(spec, epoch) for spec in self.data["workspaces"]]
        self.learn_tokens()
        self.trouble = TroubleBook(self.data.get("trouble"))
        limits = self.data.get("limits", {})
        numbers = {name: value for name, value in limits.items() if name != "iam_pool"}
        self.limits = Limits(numbers, separate_iam=limits.get("iam_pool") == "separate")

    def learn_tokens(self) -> None:
        """Looks again which tokens there are."""
        self.tokens = {t.value: (w, t) for w in self.workspaces for t in w.live_tokens()}

    def workspace(self, ref: str) -> Workspace:
        """By id or slug. Raises KeyError."""
        for workspace in self.workspaces:
            if ref in (workspace.id, workspace.slug):
                return workspace
        raise KeyError(ref)

    def has_account(self, email: str) -> bool:
        """Whether anybody is known to Segment under this address, in any workspace."""
        return any(workspace.members.by_email(email) for workspace in self.workspaces)

    def dump(self) -> Json:
        """All changes since `epoch` as plain data."""
        changes = {}
        for workspace in self.workspaces:
            with workspace.lock:
                changes[workspace.id] = workspace.dump()
        return {"epoch": self.epoch, "workspaces": changes, "trouble": self.trouble.dump()}

    def restore(self, saved: Json) -> None:
        """Builds the world as of the saved epoch and puts the changes on top."""
        self.build(saved["epoch"])
        for workspace in self.workspaces:
            if workspace.id in saved["workspaces"]:
                workspace.restore(saved["workspaces"][workspace.id])
        self.learn_tokens()
        self.trouble.restore(saved["trouble"])
