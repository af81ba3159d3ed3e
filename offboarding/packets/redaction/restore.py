"""From a sealed packet back to its contents: what is redacted is that packet, not what the database says today."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import MISSING, fields, is_dataclass
from functools import partial
from types import UnionType
from typing import IO, Any, Union, cast, get_args, get_origin, get_type_hints

from offboarding.lib import canonical
from offboarding.packets import contents as made
from offboarding.packets.reader import Opened, Range


def contents_of(opened: Opened) -> made.PacketContents:
    """Raises reader.Damaged, canonical.NotCanonical, or KeyError where a part is not as a packet has it."""
    record = opened.record()
    given = {name: value for name, value in record.items() if name not in ("v", "evidence")}
    for name in ("plan", "approvals", "runs", "findings"):
        given[name] = canonical.loads(opened.small(f"data/{name}.json"))
    known = {one.name for one in fields(made.PacketContents)}
    return cast(
        made.PacketContents,
        of(made.PacketContents, {
            **{name: value for name, value in given.items() if name in known},
            "evidence": [evidence(one, opened) for one in record["evidence"]],
            "entries": entries(opened),
            "checkpoint": checkpoint(opened),
        }),
    )  # fmt: skip


def evidence(one: dict[str, Any], opened: Opened) -> made.Evidence:
    names = {each.name for each in fields(made.Evidence)} - {"open"}
    given = {name: value for name, value in one.items() if name in names}
    return made.Evidence(**given, open=partial(part, opened, one["path"]))


def part(opened: Opened, path: str) -> IO[bytes]:
    return cast(IO[bytes], Alone(opened.path.open("rb"), opened.bag[path]))


class Alone(Range):
    """A range that has the file for itself, and closes it too."""

    def close(self) -> None:
        super().close()
        self.file.close()


def entries(opened: Opened) -> tuple[made.Entry, ...]:
    proofs = canonical.loads(opened.small("data/ledger/proofs.json"))
    lines = opened.small("data/ledger/entries.jsonl").splitlines()
    return tuple(
        made.Entry(proof["seq"], line, proof["hash"], tuple(proof["path"]))
        for line, proof in zip(lines, proofs, strict=True)
    )


def checkpoint(opened: Opened) -> made.Checkpoint:
    told = canonical.loads(opened.small("data/ledger/checkpoint.json"))
    data = canonical.dumps(told["checkpoint"])
    stamp = [
        opened.small(path) if path in opened.bag else b""
        for path in (f"data/{made.STAMP}", f"data/{made.AUTHORITIES}")
    ]
    return made.Checkpoint(data, b64decode(told["signature"]), told["public_key"].encode(), *stamp)


def of(kind: Any, value: Any) -> Any:
    """The value of a field from its JSON: dataclasses, tuples of them, and what JSON has itself."""
    if is_dataclass(kind) and isinstance(value, dict):
        hints = get_type_hints(kind)
        return cast(Any, kind)(**{
            one.name: of(hints[one.name], value[one.name])
            for one in fields(kind)
            if one.name in value or (one.default is MISSING and one.default_factory is MISSING)
        })  # fmt: skip
    if get_origin(kind) is tuple and isinstance(value, list | tuple):
        return tuple(of(get_args(kind)[0], each) for each in value)
    if get_origin(kind) in (Union, UnionType):
        inner = [each for each in get_args(kind) if is_dataclass(each)]
        return of(inner[0], value) if inner and value is not None else value
    return value
