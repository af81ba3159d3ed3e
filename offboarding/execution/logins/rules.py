"""The settings of a login: what is secret in them, what a person is asked for, and what may be written. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from offboarding.lib.masking import is_secret_name

# The name under which a run keeps the login that was entered.
NEW_LOGIN = "new login"
STEPS = ("segment.update_warehouse", "segment.update_credential")
USERNAMES = ("username", "user")
PASSWORD, KEY_PAIR = ("password",), ("privateKey", "privateKeyPassphrase")
# How Segment shows what it does not give out. Such a value is never written back: it would replace the secret by dots.
MASKS = ("•", "[redacted]", "****")
LONGEST_SECRET, LONGEST_NAME = 20_000, 255
# The name of the thing, which Segment gives back among its settings, is none.
NO_SETTING = ("name",)

Flat = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One value that a person enters. `name` is the setting, with dots where settings lie inside each other."""

    name: str
    secret: bool
    required: bool = True

    @property
    def long(self) -> bool:
        """True for what has several lines."""
        return self.secret and "key" in leaf(self.name).lower() and "passphrase" not in self.name.lower()


def leaf(name: str) -> str:
    return name.rpartition(".")[2]


def flat(settings: Mapping[str, Any], before: str = "") -> Flat:
    """`{"a": {"b": 1}}` as `{"a.b": 1}`."""
    found: Flat = {}
    for name, value in settings.items():
        found |= flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {f"{before}{name}": value}
    return found


def nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `flat`."""
    made: dict[str, Any] = {}
    for name, value in settings.items():
        *path, last = name.split(".")
        inside = made
        for part in path:
            inside = inside.setdefault(part, {})
        inside[last] = value
    return made


def masked(value: Any) -> bool:
    return isinstance(value, str) and any(mask in value for mask in MASKS)


def is_secret(name: str) -> bool:
    return is_secret_name(leaf(name)) or leaf(name).lower() == "credentials"


def readable(settings: Mapping[str, Any]) -> Flat:
    """What may be shown and written back: no secret, no masked value, no name."""
    return {
        name: value
        for name, value in flat(settings).items()
        if name not in NO_SETTING and not is_secret(name) and not masked(value)
    }


def asked_for(settings: Mapping[str, Any], options: Iterable[str] = ()) -> tuple[Asked, ...]:
    """What a new login consists of. Segment gives no passwords back, so what it does not name is taken from the kind."""
    names = flat(settings)
    user = next((name for name in (*names, *options) if leaf(name) in USERNAMES), "")
    secrets = tuple(dict.fromkeys(name for name in (*names, *options) if is_secret(name)))
    if not secrets:
        secrets = KEY_PAIR if "key" in str(names.get("auth_type", "")).lower() else PASSWORD
    users = (Asked(user, secret=False),) if user else ()
    return users + tuple(Asked(name, True, "passphrase" not in name.lower()) for name in secrets)


def faults(asked: Sequence[Asked], login: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with what was entered, by field. Never quotes it."""
    told = {each.name: fault(each, login.get(each.name, "")) for each in asked}
    return {name: says for name, says in told.items() if says}


def fault(asked: Asked, value: str) -> str:
    if not value.strip():
        return ("Enter the new secret." if asked.secret else "Enter the username.") if asked.required else ""
    if masked(value):
        return "Type the value itself. Dots are what Segment shows instead of it, and saving them would break the login."
    if len(value) > (LONGEST_SECRET if asked.secret else LONGEST_NAME):
        return "That is too long for a login."
    return (
        ""
        if asked.secret or value.isprintable()
        else "The username holds a sign that none has. Type it again."
    )


def username_of(settings: Mapping[str, Any]) -> str:
    return next((str(value) for name, value in settings.items() if leaf(name) in USERNAMES), "")


def secrets_of(login: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(value for name, value in login.items() if is_secret(name))


def whole(settings: Mapping[str, Any], login: Mapping[str, str]) -> dict[str, Any]:
    """All readable settings with the new login in them, for a test before anything is saved."""
    return nested({**settings, **login})


def changes(settings: Mapping[str, Any], login: Mapping[str, str]) -> dict[str, Any]:
    """Only what the login changes. Of settings that lie inside each other the whole goes along."""
    tops = {name.partition(".")[0] for name in login}
    return {name: value for name, value in whole(settings, login).items() if name in tops}


def old_names(before: Mapping[str, Any], now: Mapping[str, Any]) -> Flat:
    """The username that stood there before, if another stands there now."""
    return {
        name: value for name, value in before.items() if leaf(name) in USERNAMES and now.get(name) != value
    }
