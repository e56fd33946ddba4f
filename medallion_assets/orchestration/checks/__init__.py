"""Asset checks, judged from the numbers of the run that wrote the table.

A check blocks what is downstream exactly when its severity is ERROR. A blocking check that fails
with WARN would let the run go on and stop declarative automation without a word.
"""

from __future__ import annotations

from medallion_assets.orchestration.checks.past import Past, past_of
from medallion_assets.orchestration.checks.results import check_results, failed_expectation
from medallion_assets.orchestration.checks.specs import check_specs, expectations

__all__ = [
    "Past",
    "check_results",
    "check_specs",
    "expectations",
    "failed_expectation",
    "past_of",
]
