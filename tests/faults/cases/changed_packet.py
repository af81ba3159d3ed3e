"""A packet of some megabytes, changed in every way that we could think of: each change is found, by whoever looks.

The packet is written three times, in other processes with another language, zone and order of hashes: the same bytes. It is
checked by the plain commands in an empty folder, without a network and without an environment.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from offboarding.lib.hashing import sha256_hex
from offboarding.lib.signing import Signer
from offboarding.packets import verifier
from offboarding.packets.report.instructions import commands
from offboarding.packets.writer import WrittenPacket, write_packet
from tests.faults.case import Case, Given, Measured
from tests.packets import conftest

FILES, BYTES = 40, 50_000
ELSEWHERE = (
    ("C", "UTC", "0"),
    ("C.UTF-8", "Pacific/Chatham", "7"),
    ("tr_TR.UTF-8", "America/St_Johns", "99"),
)
AGAIN = "import sys; from pathlib import Path; from tests.faults.cases.changed_packet import made; made(Path(sys.argv[1]))"


def made(folder: Path) -> WrittenPacket:
    """Always the same one: R-1042 with two megabytes of evidence."""
    folder.mkdir(parents=True, exist_ok=True)
    chance, signer = random.Random(1042), Signer.from_seed(bytes(range(32)))
    files = [
        conftest.evidence(number, f"answer-{number}.json", chance.randbytes(BYTES))
        for number in range(1, FILES + 1)
    ]
    return write_packet(replace(conftest._packet(signer), evidence=tuple(files)), folder, signer)


class Found(Exception):
    """One failed check is enough."""


class Quick(verifier.Report):
    def check(self, step: object) -> bool:
        if not super().check(step):  # type: ignore[arg-type]
            raise Found
        return True


def is_found(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            verifier.Packet(file, str(path), Quick(), None).run()
        except Found:
            return True
    return False


def bytes_changed(path: Path, times: int, dice: random.Random) -> int:
    """How many changes of one random byte are not found."""
    unfound, size = 0, path.stat().st_size
    with path.open("r+b", buffering=0) as file:
        for _ in range(times):
            at = dice.randrange(size)
            file.seek(at)
            old = file.read(1)
            file.seek(at)
            file.write(bytes([old[0] ^ dice.randrange(1, 256)]))
            unfound += not is_found(path)
            file.seek(at)
            file.write(old)
    return unfound


def reshaped(whole: bytes, times: int, dice: random.Random) -> Iterator[bytes]:
    """Cut off, with bytes more, with bytes less, with two pieces changed about."""
    for _ in range(times):
        at, to = sorted((dice.randrange(1, len(whole)), dice.randrange(1, len(whole))))
        piece = dice.randbytes(dice.randrange(1, 64))
        yield whole[:at]
        yield whole[:at] + piece + whole[at:]
        yield whole[:at] + whole[at + len(piece) :]
        yield whole[:at] + whole[to : to + 64] + whole[at + 64 : to] + whole[at : at + 64] + whole[to + 64 :]


def zipped_anew(path: Path) -> Iterator[bytes]:
    """The same files in a zip of another make; one of them left out, twice, renamed, or two of them swapped."""
    with zipfile.ZipFile(path) as old:
        files = [(name, old.read(name)) for name in old.namelist()]
    (first, bag), *rest = files
    names, contents = [name for name, _ in files], [data for _, data in files]
    swapped = list(zip(names, [contents[0], *reversed(contents[1:])], strict=True))
    for each in (
        files,
        rest,
        [*files, files[-1]],
        [(first.upper(), bag), *rest],
        swapped,
        [*files, ("more.txt", b"")],
    ):
        target = path.with_name("anew.zip")
        with zipfile.ZipFile(target, "w") as new:
            for name, data in each:
                if name in new.namelist():
                    name = name.swapcase()  # one file on many systems
                new.writestr(name, data)
        yield target.read_bytes()


def commands_agree(path: Path, *before: str) -> bool:
    """The digest line and the signature, as the instructions give them, with nothing but coreutils and openssl."""
    folder = path.parent / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    if subprocess.run(
        ["unzip", "-q", str(path), "-d", str(folder)], capture_output=True, check=False
    ).returncode:
        return False
    return all(
        subprocess.run(
            [*before, "env", "-i", "PATH=/usr/bin:/bin", "sh", "-c", each.run],
            cwd=folder,
            capture_output=True,
            check=False,
        ).returncode
        == 0
        for each in commands("R-1042")[:2]
    )


def without_network() -> tuple[str, ...]:
    """A network namespace of its own, which has not even a loopback, where we may make one."""
    tried = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False)
    return ("unshare", "-n") if tried.returncode == 0 else ()


def written_elsewhere(folder: Path) -> set[str]:
    """SHA-256 of what other processes with other surroundings write."""
    found = set()
    for language, zone, order in ELSEWHERE:
        there = folder / f"in-{order}"
        around = {**os.environ, "LC_ALL": language, "TZ": zone, "PYTHONHASHSEED": order}
        subprocess.run([sys.executable, "-c", AGAIN, str(there)], env=around, check=True)
        found.add(sha256_hex((there / "R-1042-packet.zip").read_bytes()))
    return found


def run(given: Given) -> Measured:
    packet = made(given.folder / "packet")
    whole, faults = packet.path.read_bytes(), []
    alone = without_network()
    if not commands_agree(packet.path, *alone):
        faults.append("the plain commands do not agree with a whole packet")
    flips, shapes, plain = given.size(10_000, 20), given.size(500, 2), given.size(300, 3)
    if missed := bytes_changed(packet.path, flips, given.dice):
        faults.append(f"{missed} changed bytes were not found")
    copy = given.folder / "changed" / "R-1042-packet.zip"
    copy.parent.mkdir()
    others = [*reshaped(whole, shapes, given.dice), *zipped_anew(packet.path)]
    for number, data in enumerate(others):
        copy.write_bytes(data)
        if data != whole and not is_found(copy):
            faults.append(f"change of shape {number} was not found")
    for _ in range(plain):
        part = given.dice.choice(packet.parts)
        at = part.offset + given.dice.randrange(part.size)
        copy.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        if commands_agree(copy):
            faults.append(f"the plain commands did not find byte {at} of {part.path}")
    digests = written_elsewhere(given.folder) if given.long else {packet.sha256}
    if digests != {packet.sha256}:
        faults.append(f"{len(digests | {packet.sha256})} different packets of the same contents")
    return Measured(
        f"{flips} changed bytes, {len(others)} changed shapes, {plain} for the plain commands"
        f"{', without a network' if alone else ''}, in {packet.size / 1e6:.1f} MB",
        ("all found" if not faults else "see below")
        + ("; the same bytes in other processes, languages and zones" if given.long and not faults else ""),
        faults,
    )


CASE = Case(15, "a packet that is changed", run, databases=("sqlite",), needs_world=False)
