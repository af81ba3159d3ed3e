"""What audits and laws ask to be kept, in whole years, with the source of each figure. The contract may ask for more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LEAST, MOST = 3, 10  # years


@dataclass(frozen=True, slots=True)
class Framework:
    code: str
    name: str
    years: int
    why: str


FRAMEWORKS: dict[str, Framework] = {
    each.code: each
    for each in (
        Framework("soc2", "SOC 2", 5, "Auditors keep their papers five years (AICPA AU-C 230.17)."),
        Framework("iso27001", "ISO 27001", 3, "One cycle of certification (ISO/IEC 17021-1, 9.1.3)."),
        Framework("pci", "PCI DSS", 3, "It asks for 12 months of logs (10.5.1); three assessments are covered."),
        Framework("hipaa", "HIPAA", 6, "Six years from when it was made (45 CFR 164.316(b)(2)(i))."),
        Framework("gdpr", "GDPR", 3, "It names no period (Art. 5(1)(e)); claims expire after about three years."),
        Framework("sox", "SOX", 7, "Seven years (17 CFR 210.2-06)."),
        Framework("nist", "NIST 800-53", 3, "AU-11 leaves the period to the organisation; three assessments are covered."),
    )
}  # fmt: skip


def known(codes: Iterable[str]) -> list[Framework]:
    """In the order of the list; what is no framework is left out."""
    asked = set(codes)
    return [each for code, each in FRAMEWORKS.items() if code in asked]


def too_short(codes: Iterable[str], years: int) -> str:
    """Why records cannot be kept for so many years only, in a sentence; empty if they can."""
    if not LEAST <= years <= MOST:
        return f"Choose from {LEAST} to {MOST} years."
    most = max(known(codes), key=lambda each: each.years, default=None)
    if most and years < most.years:
        return f"{most.name} asks for {most.years} years. Choose {most.years} or more."
    return ""
