"""The typesetter as a guest in a long-lived process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

GROWS = """
import resource, sys
from offboarding.lib.typesetting import render

TEMPLATE = b'''#set document(title: "long")
#set text(lang: "en")
#for each in json(bytes(sys.inputs.data)) [
= Row
#each

]'''

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

def one(number):
    render(TEMPLATE, [f"{number} {row} " + "what stands in a long report " * 20 for row in range(200)])

one(0)
before = resident()
for number in range(1, 7):
    one(number)
print(resident() - before)
"""


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="the memory of a process is read from /proc"
)
def test_a_process_that_makes_many_long_documents_does_not_grow() -> None:
    """In a process of its own: what this one holds already would hide it."""
    grown = int(subprocess.check_output([sys.executable, "-c", GROWS], cwd=ROOT, text=True))
    assert grown < 20_000_000, f"{grown / 1e6:.0f} MB"
