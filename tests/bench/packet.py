"""One packet with gigabytes of evidence: how fast it is written and checked, and in how much memory.

    python -m tests.bench.packet [GIGABYTES]

Beside it, over the same bytes in the same run: `sha256sum` and then `cp`. Twice the size has to be free on the disk.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

from tests.bench.table import Row

GIGABYTES = 5.0
FILES = 10
PIECE = 1 << 20


def evidence(folder: Path, size: int) -> list[Path]:
    """Files of random bytes, which neither a disk nor a file system makes smaller."""
    paths = [folder / f"evidence-{number}.bin" for number in range(FILES)]
    for path in paths:
        with path.open("wb") as out:
            for _ in range(size // FILES // PIECE):
                out.write(secrets.token_bytes(PIECE))
    return paths


def opened(path: Path) -> IO[bytes]:
    return path.open("rb")


def write(folder: Path) -> None:
    """In a process of its own, so that its memory is all that is counted."""
    from offboarding.lib.signing import Signer
    from offboarding.packets.writer import write_packet
    from tests.packets import conftest

    signer, files = Signer.from_seed(bytes(range(32))), []
    for number, path in enumerate(sorted(folder.glob("evidence-*.bin")), start=1):
        digest, size = (folder / f"{path.name}.sha256").read_text().split()
        one = conftest.evidence(number, path.name, b"")
        files.append(replace(one, sha256=digest, size=int(size), open=partial(opened, path)))
    began = time.perf_counter()
    made = write_packet(replace(conftest._packet(signer), evidence=tuple(files)), folder, signer)
    print(time.perf_counter() - began)
    assert made.size > sum(one.size for one in files)


def apart(*command: str) -> tuple[float, float, str]:
    """Seconds, megabytes and output of a process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    told = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, told
    return time.perf_counter() - began, used.ru_maxrss / 1024, told


def beside(paths: list[Path], folder: Path) -> tuple[float, float]:
    """Seconds of `sha256sum` over the files and then `cp` of them, and of bringing the copies to the disk, as a packet is.

    The digests are kept as those on record.
    """
    names = [str(path) for path in paths]
    hashed, _, told = apart("sha256sum", *names)
    for line in told.splitlines():
        digest, name = line.split(maxsplit=1)
        Path(f"{name}.sha256").write_text(f"{digest} {os.path.getsize(name)}")
    copies = folder / "copies"
    copies.mkdir()
    copied, _, _ = apart("cp", *names, str(copies))
    synced, _, _ = apart("sync", "--file-system", str(copies))
    shutil.rmtree(copies)
    return hashed + copied, synced


def main(gigabytes: float) -> None:
    with tempfile.TemporaryDirectory(prefix="offboard-bench-", dir=os.environ.get("BENCH_DISK")) as name:
        folder, size = Path(name), int(gigabytes * 1e9)
        paths = evidence(folder, size)
        plain, synced = beside(paths, folder)
        _, megabytes, told = apart(sys.executable, "-m", "tests.bench.packet", "write", name)
        took = float(told.split()[-1])
        for path in paths:
            path.unlink()
        packet = str(folder / "R-1042-packet.zip")
        checked, memory, _ = apart(sys.executable, "offboarding/packets/verifier.py", packet)
        on = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}"
        what = f"{gigabytes:g} GB of evidence in one packet"
        base = (
            f"{plain / took:.2f} of the speed of `sha256sum` and `cp`, which took {plain:.1f} s; with `sync`, which a "
            f"packet waits for too, {(plain + synced) / took:.2f}"
        )
        print(
            Row("packet", f"{what}, written", f"{took:.1f} s, {megabytes:.0f} MB of memory", base, on).told()
        )
        says = f"{memory:.0f} MB of memory"
        print(Row("packet", f"{what}, checked by `verify.py`", f"{checked:.1f} s", says, on).told())


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write(Path(sys.argv[2]))
    else:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else GIGABYTES)
