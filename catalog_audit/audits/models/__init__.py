"""Audit runs, what the networks predicted, the flags that came of it, and what admins say about both."""

from catalog_audit.audits.models.arguable import ArguablePair, ArguableRule, SetAside
from catalog_audit.audits.models.flags import Flag, FlagCount
from catalog_audit.audits.models.policies import ReviewPolicy, Weighing
from catalog_audit.audits.models.runs import AuditRun, Prediction, RunProfile

__all__ = [
    "ArguablePair",
    "ArguableRule",
    "AuditRun",
    "Flag",
    "FlagCount",
    "Prediction",
    "ReviewPolicy",
    "RunProfile",
    "SetAside",
    "Weighing",
]
