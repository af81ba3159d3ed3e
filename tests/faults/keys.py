"""Write keys as rows know them, against write keys as the workspaces hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from offboarding.connections.keyring import fingerprint
from offboarding.execution.models import Run, Secret
from offboarding.execution.rotation.queries import outgoing

Keys = Mapping[str, Sequence[str]]  # by source


def adopted(source: str, key: str) -> bool:
    """One of our rows stands for this key."""
    found = Secret.objects.filter(fingerprint=fingerprint(key), run__item__step="segment.add_write_key")
    return found.filter(run__item__target__source_id=source).exists()


def there(run: Run, keys: Keys) -> set[str]:
    """Fingerprints of the keys of this item's source; none if there is no such source any more."""
    return {fingerprint(key) for key in keys.get(str(run.item.target["source_id"]), ())}


def new_key_missing(run: Run, keys: Keys) -> str:
    now = there(run, keys)
    ours = set(Secret.objects.filter(run=run).values_list("fingerprint", flat=True))
    return "the new key is not there" if now and not now & ours else ""


def old_keys_left(run: Run, keys: Keys) -> str:
    now, going = there(run, keys), outgoing(run)
    if now & set(going.old):
        return "an old key is still there"
    return "no working key is left" if now and going.new not in now else ""
