"""The report of a packet, for people."""

from offboarding.packets.report.typeset import ReportRefused, fit, render

__all__ = ["ReportRefused", "fit", "render"]
