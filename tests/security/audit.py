"""`make audit`: known weaknesses and age of what we depend on, and secrets in the files and in all that they ever were.

Ends with 1 for a finding only. A database that cannot be reached is said plainly, and is no finding.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
LOCKS = (
    "requirements/runtime.txt",
    "requirements/dev.txt",
    "requirements/audit.txt",
    "requirements/installer.txt",
)
KNOWN = ROOT / "tests" / "security" / "known_secrets.json"
# These guess by the look of a word, and every digest and every word "password" in a test would be one.
GUESSERS = ("Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector")
LARGEST = 400_000  # bytes of a file that is looked at; larger ones are worlds of the simulator and fonts
NO_TEXT = (".woff2", ".ttf", ".otf", ".png", ".jpg", ".pdf", ".zip", ".gz")
OLDEST = 90  # days since a lock file was made anew; SECURITY.md promises it
PATIENCE = 3_600  # seconds: the history only grows
# Made up here, so that no scanner takes this line for one: a search that finds nothing has to find this.
PLANTED = "AKIA" + "Z7QX3MN5KJ2P4W6T"


def run(*words: str | Path, cwd: Path = ROOT, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [str(word) for word in words], cwd=cwd, input=data, capture_output=True, timeout=PATIENCE, check=False
    )


def weaknesses(lock: str) -> list[str] | None:
    """Known ones of the exact versions in a lock file; None if the database could not be asked."""
    words = ("-r", lock, "--require-hashes", "--disable-pip", "-f", "json", "--progress-spinner", "off")
    try:
        done = run(BIN / "pip-audit", *words)
        told = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None
    skipped = [each["name"] for each in told["dependencies"] if "skip_reason" in each]
    if len(skipped) == len(told["dependencies"]):
        return None
    if skipped:
        print(
            f"{lock}: {len(skipped)} of {len(told['dependencies'])} parts NOT LOOKED AT, such as {skipped[0]}"
        )
    return [
        f"{lock}: {each['name']} {each['version']}: {weak['id']}, mended in {', '.join(weak['fix_versions']) or 'nothing yet'}"
        for each in told["dependencies"]
        for weak in each.get("vulns", ())
    ]


def age(lock: str, now: float, root: Path = ROOT) -> float | None:
    """Days since the commit that made the lock file anew; None if the history does not tell."""
    told = run("git", "log", "-1", "--format=%ct", "--", lock, cwd=root).stdout.decode().strip()
    return (now - int(told)) / 86_400 if told else None


def too_old(lock: str, now: float, root: Path = ROOT) -> list[str]:
    days = age(lock, now, root)
    if days is None:
        print(f"{lock}: its age is NOT LOOKED AT: the history does not tell when it was made.")
        return []
    return (
        [f"{lock}: made {days:.0f} days ago, and {OLDEST} are promised: make lock"] if days > OLDEST else []
    )


def history(folder: Path) -> int:
    """Every file that any commit ever held, each content once, as a file of its own. How many."""
    listed = run("git", "rev-list", "--objects", "--all").stdout.decode(errors="replace").splitlines()
    names = dict(line.partition(" ")[::2] for line in listed if " " in line)
    checked = run(
        "git",
        "cat-file",
        "--batch-check=%(objectname) %(objecttype) %(objectsize)",
        data="\n".join(names).encode(),
    )
    wanted = [
        number
        for number, kind, size in (line.split() for line in checked.stdout.decode().splitlines())
        if kind == "blob" and int(size) <= LARGEST and not names[number].endswith(NO_TEXT)
    ]
    stream = io.BytesIO(run("git", "cat-file", "--batch", data="\n".join(wanted).encode()).stdout)
    for number in wanted:
        size = int(stream.readline().split()[2])
        (folder / f"{number}{Path(names[number]).suffix[:10]}").write_bytes(stream.read(size))
        stream.readline()
    return len(wanted)


def secrets(folder: Path) -> Iterator[dict[str, Any]]:
    """What looks like a real key in these files: providers' keys, private keys, passwords in addresses, tokens."""
    off = [word for name in GUESSERS for word in ("--disable-plugin", name)]
    done = run(BIN / "detect-secrets", "-c", "2", "scan", "--all-files", *off, ".", cwd=folder)
    for name, found in json.loads(done.stdout)["results"].items():
        yield from ({**each, "file": name} for each in found)


def unknown(folder: Path) -> list[str]:
    known = {each["sha1"] for each in json.loads(KNOWN.read_text())}
    return [
        f"{each['file']}:{each['line_number']}: {each['type']} (sha1 {each['hashed_secret']})"
        for each in secrets(folder)
        if each["hashed_secret"] not in known
    ]


def main() -> int:
    findings: list[str] = []
    for lock in LOCKS:
        findings += too_old(lock, time.time())
        found = weaknesses(lock)
        if found is None:
            print(f"{lock}: NOT LOOKED AT: the database of known weaknesses could not be reached.")
        else:
            print(f"{lock}: {len(found)} known weaknesses")
            findings += found
    with tempfile.TemporaryDirectory(prefix="offboard-audit-") as name:
        folder = Path(name)
        (folder / "planted.txt").write_text(f"key = {PLANTED}\n")
        if not any(each["file"] == "planted.txt" for each in secrets(folder)):
            print("The search for secrets does not find one that was planted: it proves nothing.")
            return 1
        (folder / "planted.txt").unlink()
        count = history(folder)
        found = unknown(folder)
    print(
        f"{count} files of the history, the present ones among them: {len(found)} secrets that are not known as examples"
    )
    findings += found
    print("\n".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
