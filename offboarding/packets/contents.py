"""What a packet is made of: frozen values, with nothing of the database in them.

Every time is ISO 8601 in UTC, as text ("2026-03-31T14:50:00Z"). The zone is named once, for the report. Evidence is
referred to by its number. `Any` stands for JSON as `offboarding.lib.canonical` takes it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

# Where the stamped checkpoint, its time stamp and the certificates of its authority stand under data/, if it has one.
STAMPED = "ledger/stamped.json"
STAMP = "ledger/stamped.tsr"
AUTHORITIES = "ledger/time-stamp-ca.pem"


@dataclass(frozen=True)
class Person:
    """The collaborator whose access goes. `kind` is "person" or "service account"."""

    name: str
    addresses: tuple[str, ...]
    kind: str = "person"


@dataclass(frozen=True)
class Approval:
    """One person's decision about one plan version. `fingerprint` is that of the plan which was shown."""

    by: str
    address: str
    role: str
    at: str
    # approved; approved, but it fell; rejected; asked. Of an emergency:
    # released, confirmed beforehand, confirmed afterwards, objected afterwards
    decision: str
    method: str  # how the person proved who they are, such as "Password and authenticator code"
    plan_version: int
    fingerprint: str
    text: str  # what was confirmed, word for word
    reason: str = ""
    network_address: str = ""


@dataclass(frozen=True)
class Difference:
    """Where what was done is not what was planned, and why."""

    about: str
    planned: str
    done: str
    reason: str


@dataclass(frozen=True)
class Clocks:
    """The four times of one place. `trigger` is when the reason came true (the contract's end, the leaving date)."""

    trigger: str | None = None
    filed: str | None = None
    approved: str | None = None
    verified: str | None = None
    target_hours: int | None = None
    elapsed_minutes: int | None = None
    late_reason: str = ""


@dataclass(frozen=True)
class Place:
    """One workspace: what was there before, what was planned, what is there now."""

    workspace: str
    workspace_id: str
    environment: str
    region: str
    client: str
    before: str
    planned: str
    now: str
    state: str  # verified, done and not verified, kept, needs a person, failed, unknown, …
    account: str = ""  # the address under which the person was found
    removed_at: str | None = None
    removed_by: str = ""
    verified_at: str | None = None
    clocks: Clocks = Clocks()
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True)
class Item:
    """One line of the checklist as it ended. `kind` is "automated", "manual" or "verification"."""

    number: int
    phase: str
    kind: str
    title: str
    state: str
    by: str = ""
    at: str | None = None
    sentence: str = ""
    place: str = ""
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """One call to a remote system, masked."""

    number: int
    started_at: str
    ended_at: str | None
    method: str
    url: str
    request: Any
    status: int | None
    response: Any
    outcome: str  # applied, not applied, absent, unknown, read
    request_id: str = ""


@dataclass(frozen=True)
class Run:
    """The doing of one checklist item in one place."""

    item: int
    place: str
    state: str
    before: Any = None
    after: Any = None
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a check saw. `result` is "absent", "present" or "unknown"."""

    place: str
    what: str
    result: str
    at: str
    by: str
    sentence: str = ""
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True)
class Credential:
    """A token, key or login that was to be deleted or rotated. Never the value: a fingerprint at most.

    Of a step that only a person can do, `kind` is its title and `act` how it ended.
    """

    kind: str
    name: str
    place: str
    act: str  # added, deleted, removed by hand, rotated, refused by Segment, left in place, …
    at: str | None = None
    by: str = ""
    fingerprint: str = ""
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True)
class Thing:
    """One source, destination, warehouse or other resource: Segment's id, and its name as far as it was read."""

    kind: str
    id: str
    name: str = ""


@dataclass(frozen=True)
class ResourceAccess:
    """A role on a source, destination, warehouse or other resource that went."""

    place: str
    kind: str  # source, destination, warehouse, space, …
    name: str
    role: str
    through: str = ""  # the user group that gave it, if any
    removed_at: str | None = None
    verified_at: str | None = None
    on: tuple[Thing, ...] = ()  # each of them, where the role named some


@dataclass(frozen=True)
class Message:
    """A notice or a letter that was sent because of this removal, and what is known of its arrival."""

    at: str
    channel: str
    to: str
    subject: str
    state: str
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True)
class Remark:
    """An exception, or something that is not known."""

    about: str
    sentence: str
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """One file as it was captured. `size` is in bytes; `open` gives its bytes from the start."""

    number: int
    name: str
    shows: str
    source: str
    taken_at: str
    taken_by: str
    sha256: str
    size: int
    media_type: str
    open: Callable[[], IO[bytes]] = field(repr=False, compare=False)
    captured_sha256: str = ""  # of a redacted copy: the SHA-256 of the file as it was captured
    replaces: int | None = None  # the number of the evidence that this one corrects


@dataclass(frozen=True)
class Disclosure:
    """A personal value of a ledger entry with its salt, so that its digest in the entry can be checked.

    The name "actor" stands for the actor's label. `salt` is in hex.
    """

    name: str
    value: str
    salt: str


@dataclass(frozen=True)
class Entry:
    """One ledger entry: its canonical bytes, and its inclusion proof under the packet's checkpoint (hex nodes).

    Its place in the tree is `seq - 1`, as entries are numbered from 1 without gaps.
    """

    seq: int
    data: bytes
    hash: str
    proof: tuple[str, ...]
    personal: tuple[Disclosure, ...] = ()
    # Of an entry that a redacted copy leaves out: the hash of its leaf (RFC 6962), which proves its place without its bytes.
    leaf: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """A signed statement about the whole ledger: the canonical bytes, and the Ed25519 signature over them.

    `stamp` is what a time stamping authority answered to the two, and `authorities` the certificates (PEM) under which it
    counts; both are empty if there is none.
    """

    data: bytes
    signature: bytes
    public_pem: bytes
    stamp: bytes = b""
    authorities: bytes = b""


@dataclass(frozen=True)
class Addendum:
    """What was added after an earlier version was sealed, and the SHA-256 of the earlier bag, which stays valid."""

    version: int
    at: str
    by: str
    text: str
    replaces_version: int
    replaces_sha256: str


@dataclass(frozen=True)
class LeftOut:
    """A file of evidence that a redacted copy does not hold."""

    number: int
    name: str
    shows: str
    sha256: str
    size: int
    media_type: str
    why: str


@dataclass(frozen=True)
class Redacts:
    """The packet that a copy was made of: the SHA-256 of its file and of its bag. `copy`: which of its copies.

    `client`: whose part it is; empty for a redacted copy of the whole.
    """

    packet_sha256: str
    bag_sha256: str
    copy: int = 1
    client: str = ""

    @property
    def ending(self) -> str:
        if self.client:
            return f"-part-{self.copy}"
        return "-redacted" if self.copy == 1 else f"-redacted-{self.copy}"


@dataclass(frozen=True)
class PacketContents:
    """All of one packet. `plan` is the approved plan as canonical JSON takes it; `plan_fingerprint` is its digest."""

    reference: str
    title: str
    version: int
    person: Person
    clients: tuple[str, ...]
    requester: str
    reason: str
    filed_at: str
    closed_at: str
    sealed_at: str
    zone: str
    plan: Mapping[str, Any]
    plan_version: int
    plan_fingerprint: str
    checkpoint: Checkpoint
    entries: tuple[Entry, ...]
    approved_at: str | None = None
    started_at: str | None = None
    ticket: str = ""
    sow: str = ""
    executed_by: tuple[str, ...] = ()
    handoff_notes: str = ""
    notes: tuple[str, ...] = ()
    keep_until: str = ""
    emergency: str = ""  # the incident reference, if the removal went ahead without an approval
    approvals: tuple[Approval, ...] = ()
    differences: tuple[Difference, ...] = ()
    places: tuple[Place, ...] = ()
    items: tuple[Item, ...] = ()
    runs: tuple[Run, ...] = ()
    findings: tuple[Finding, ...] = ()
    credentials: tuple[Credential, ...] = ()
    resources: tuple[ResourceAccess, ...] = ()
    messages: tuple[Message, ...] = ()
    exceptions: tuple[Remark, ...] = ()
    unknowns: tuple[Remark, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    addenda: tuple[Addendum, ...] = ()
    redacts: Redacts | None = None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def name(self) -> str:
        """The name of the bag and the beginning of every file name: "R-1042", later "R-1042-v2", "R-1042-redacted-2"."""
        version = "" if self.version == 1 else f"-v{self.version}"
        return f"{self.reference}{version}{self.redacts.ending if self.redacts else ''}"


def plain(value: Any) -> Any:
    """A value as canonical JSON takes it: dataclasses become objects, without the fields that are functions.

    What the record of a remote system may hold and canonical JSON refuses (fractions, huge numbers, lone surrogates)
    becomes text, so that no answer can stop a packet.
    """
    if hasattr(value, "__dataclass_fields__"):
        names = [name for name in value.__dataclass_fields__ if not callable(getattr(value, name))]
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {_text(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) or (isinstance(value, int) and abs(value) >= 2**53):
        return repr(value)
    return value


def _text(text: str) -> str:
    return "".join(f"[U+{ord(sign):04X}]" if "\ud800" <= sign <= "\udfff" else sign for sign in text)
