"""Simulated remote systems that speak the real protocols, for the demo and for tests.

Segment's Public API as documented, filled with believable data, with scripted trouble. Runs alone
(`python -m offboarding.simulators`) or in process (`Simulator`). Standard library only; knows nothing of the
application.
"""

from offboarding.simulators.simulator import Simulator

__all__ = ["Simulator"]
