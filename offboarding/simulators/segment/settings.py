"""What a workspace's plan has, how it answers where nobody knows what Segment answers, and its tokens."""

from dataclasses import dataclass

from offboarding.simulators import ids
from offboarding.simulators.segment.rows import Json

FEATURES = ("groups", "audit", "spaces", "functions", "protocols", "credentials")
ANSWERS = {"last_owner": 400, "unknown_user": 404, "unknown_invite": 404}  # or 422, or "success"
SCIM: Json = {"managed": False, "assigned": [], "returns_after": 60.0, "jit": False}


@dataclass(frozen=True)
class Token:
    """A Public API token. `level` is "owner" or "member", chosen when it was made."""

    value: str
    level: str

    @property
    def short_id(self) -> str:
        return ids.token_short_id(self.value)


def settings_of(spec: Json) -> Json:
    """What a test may switch while the workspace runs."""
    plan = spec.get("plan", "business")
    features = spec.get("features", FEATURES if plan == "business" else ("functions",))
    return {
        "plan": plan,
        "features": list(features),
        "answers": {**ANSWERS, **spec.get("answers", {})},
        "scim": {**SCIM, **spec.get("scim", {})},
        "audit_delay": float(spec.get("audit", {}).get("delay", 2.0)),
        "token_refused": bool(spec.get("token_refused", False)),
        "volume": [],
    }


def tokens_of(spec: Json, workspace_id: str) -> dict[str, Token]:
    """By level. Values are derived, so that a world file holds no secret."""
    levels = spec.get("tokens", ["owner", "member"])
    return {level: Token(ids.token_value("simulated", workspace_id, level), level) for level in levels}


def made_token(workspace_id: str, level: str, number: int) -> Token:
    """A token that was made after the world was: the `number`th of its workspace."""
    return Token(ids.token_value("made", workspace_id, f"{level} {number}"), level)
