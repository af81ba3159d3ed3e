"""One believable packet, small enough to flip every byte of it."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from offboarding.lib import canonical
from offboarding.lib.hashing import salted_digest, sha256_hex
from offboarding.lib.merkle import Tree
from offboarding.lib.signing import Signer
from offboarding.packets import contents as parts

SALT = bytes(range(16))


def evidence(number: int, name: str, data: bytes, **more: Any) -> parts.Evidence:
    fields: dict[str, Any] = {
        "number": number,
        "name": name,
        "shows": "Members before the removal, Dan among them as Workspace Member",
        "source": "Read from the API",
        "taken_at": "2026-03-31T09:19:04Z",
        "taken_by": "Offboard",
        "sha256": sha256_hex(data),
        "size": len(data),
        "media_type": "application/json",
        "open": lambda: io.BytesIO(data),
    }
    return parts.Evidence(**{**fields, **more})


def ledger(
    signer: Signer, count: int = 7, about: str = "R-1042"
) -> tuple[parts.Checkpoint, tuple[parts.Entry, ...]]:
    """A ledger of `count` entries, of which those about the removal go into the packet."""
    rows, prev = [], "0" * 64
    for seq in range(1, count + 1):
        mine = seq not in (1, 4)
        data = canonical.dumps(
            {
                "v": 1,
                "seq": seq,
                "at": f"2026-03-31T09:{seq:02d}:00.000000Z",
                "event": "removal.filed",
                "actor": {"kind": "user", "id": "1", "label_digest": salted_digest(SALT, "Alice")},
                "about": about if mine else "R-1",
                "facts": {},
                "personal": {"person": salted_digest(SALT, "漢字")},
                "prev": prev,
            }
        )
        prev = sha256_hex(data)
        rows.append((seq, data, prev, mine))
    tree = Tree(data for _, data, _, _ in rows)
    known = tuple(
        parts.Disclosure(name, value, SALT.hex()) for name, value in (("actor", "Alice"), ("person", "漢字"))
    )
    entries = tuple(
        parts.Entry(seq, data, found, tuple(tree.inclusion(seq - 1)), known)
        for seq, data, found, mine in rows
        if mine
    )
    body = {"v": 1, "size": count, "root": tree.root(), "head": prev, "at": "2026-03-31T14:50:00.000000Z"}
    statement = canonical.dumps({**body, "previous": None, "key_id": signer.key_id})
    return parts.Checkpoint(statement, signer.sign(statement), signer.public_pem()), entries


@pytest.fixture
def signer() -> Signer:
    return Signer.from_seed(bytes(range(32)))


@pytest.fixture
def make_evidence() -> Callable[..., parts.Evidence]:
    """A function that makes one evidence file: number, name, bytes, and other fields."""
    return evidence


@pytest.fixture
def make_ledger() -> Callable[..., tuple[parts.Checkpoint, tuple[parts.Entry, ...]]]:
    """A function that makes a signed checkpoint and the entries of one removal with their proofs."""
    return ledger


@pytest.fixture
def sample(signer: Signer) -> Callable[..., parts.PacketContents]:
    """A function that makes the packet of R-1042, with some fields changed."""

    def make(**changes: Any) -> parts.PacketContents:
        return replace(_packet(signer), **changes)

    return make


def _packet(signer: Signer) -> parts.PacketContents:
    plan = {"v": 1, "reference": "R-1042", "items": [{"number": 1, "title": "Remove Dan from Acme Prod"}]}
    fingerprint = canonical.digest(plan)
    checkpoint, entries = ledger(signer)
    return parts.PacketContents(
        reference="R-1042",
        title="Dan Duarte: access to 3 workspaces of Acme removed",
        version=1,
        person=parts.Person("Dan Duarte", ("dan@duarte.example", "dan.duarte@agency.example")),
        clients=("Acme",),
        requester="Alice Almeida",
        reason="Completion: contract ended",
        ticket="OPS-771",
        sow="SOW 2025-14",
        filed_at="2026-03-31T09:02:00Z",
        approved_at="2026-03-31T09:40:00Z",
        started_at="2026-03-31T09:41:00Z",
        closed_at="2026-03-31T14:48:00Z",
        sealed_at="2026-03-31T14:50:00Z",
        zone="Europe/Berlin",
        keep_until="2033-03-31",
        plan=plan,
        plan_version=2,
        plan_fingerprint=fingerprint,
        checkpoint=checkpoint,
        entries=entries,
        executed_by=("Offboard", "Olga Ortiz"),
        handoff_notes="Tracking plans of Acme Prod now belong to Priya Nair.",
        approvals=_approvals(fingerprint),
        differences=(
            parts.Difference("Acme Dev", "Remove", "Not done", "Segment refused our token; Olga removed Dan by hand."),
        ),
        places=_places(),
        items=_items(),
        runs=_runs(),
        findings=(
            parts.Finding("Acme Prod", "Member, invitation or group", "absent", "2026-03-31T09:45:00Z", "Offboard",
                          "Read again 3 times.", (2,)),
            parts.Finding("Acme EU", "Member, invitation or group", "unknown", "2026-03-31T09:45:00Z", "Offboard"),
        ),
        credentials=(
            parts.Credential("Write key", "of source Web", "Acme Prod", "rotated", "2026-03-31T10:00:00Z",
                             "Olga Ortiz", "9f86d081884c7d65", (3,)),
        ),
        resources=(
            parts.ResourceAccess("Acme Prod", "source", "Web", "Source Admin", "Agency group",
                                 "2026-03-31T09:44:00Z", "2026-03-31T09:45:00Z",
                                 (parts.Thing("source", "s1", "Web of Dan Duarte"), parts.Thing("source", "s2"))),
        ),
        messages=(
            parts.Message("2026-03-31T14:49:00Z", "E-mail", "alice@agency.example",
                          "[R-1042] Dan's access is removed", "delivered"),
        ),
        exceptions=(parts.Remark("Acme Dev", "The token was refused, so the removal was made by hand.", (3,)),),
        unknowns=(parts.Remark("Acme EU", "The workspace did not answer, so it could not be looked at."),),
        evidence=(
            evidence(1, "members-before.json", b'{"members":["dan"]}'),
            evidence(2, "members-after.json", b'{"members":[]}', shows="Members after the removal, Dan not among them"),
            evidence(3, "Screenshot 漢字 50%.png", b"\x89PNG\r\n", media_type="image/png", taken_by="Olga Ortiz",
                     source="Added by a person", shows="The Tokens tab, empty"),
        ),
    )  # fmt: skip


def _approvals(fingerprint: str) -> tuple[parts.Approval, ...]:
    first = parts.Approval(
        by="Bob Braun",
        address="bob@acme.example",
        role="Approver",
        at="2026-03-31T09:30:00Z",
        decision="sent back",
        method="Password and authenticator code",
        plan_version=1,
        fingerprint="ab" * 32,
        text="",
        reason="Acme Dev is missing.",
        network_address="203.0.113.9",
    )
    yes = "I have seen what goes, what may break and what is not known."
    second = replace(
        first, at="2026-03-31T09:40:00Z", decision="approved", plan_version=2, text=yes, reason=""
    )
    return first, replace(second, fingerprint=fingerprint)


def _places() -> tuple[parts.Place, ...]:
    clocks = parts.Clocks(
        "2026-03-31T08:00:00Z",
        "2026-03-31T09:02:00Z",
        "2026-03-31T09:40:00Z",
        "2026-03-31T09:45:00Z",
        24,
        105,
    )
    prod = parts.Place(
        workspace="Acme Prod",
        workspace_id="9aQ1Lj62S4bomZKLF4DPqW",
        environment="production",
        region="EU",
        client="Acme",
        before="Workspace Member; Source Admin on Web",
        planned="Remove",
        now="Not a member",
        state="verified",
        account="dan.duarte@agency.example",
        removed_at="2026-03-31T09:44:00Z",
        removed_by="Offboard",
        verified_at="2026-03-31T09:45:00Z",
        clocks=clocks,
        evidence=(1, 2),
    )
    dev = replace(prod, workspace="Acme Dev", environment="development", region="US", removed_by="Olga Ortiz",
                  clocks=replace(clocks, elapsed_minutes=1700, late_reason="the token was refused"))  # fmt: skip
    eu = replace(prod, workspace="Acme EU", now="Not known", state="unknown", removed_at=None, removed_by="",
                 verified_at=None, clocks=parts.Clocks(), evidence=())  # fmt: skip
    return prod, dev, eu


def _items() -> tuple[parts.Item, ...]:
    return (
        parts.Item(1, "Transfer", "manual", "Hand over tracking plans", "done", "Olga Ortiz", "2026-03-31T09:20:00Z",
                   "2 plans went to Priya Nair.", "Acme Prod", (3,)),
        parts.Item(2, "Remove", "automated", "Remove the member", "verified", "Offboard", "2026-03-31T09:44:00Z",
                   "Called, read again, not there.", "Acme Prod", (1, 2)),
        parts.Item(3, "Remove", "automated", "Remove the member", "needs a person", "", None,
                   "Segment refused our token.", "Acme Dev"),
    )  # fmt: skip


def _runs() -> tuple[parts.Run, ...]:
    call = parts.Attempt(1, "2026-03-31T09:44:00Z", "2026-03-31T09:44:01Z", "DELETE", "/users?userIds.0=u1",
                         None, 200, {"data": {"status": "SUCCESS"}, "took": 0.25}, "applied", "req-1")  # fmt: skip
    return (parts.Run(2, "Acme Prod", "done", {"roles": ["Workspace Member"]}, {"roles": []}, (call,)),)
