"""Gold after one group in a hundred changed."""

from __future__ import annotations

from benchmarks.bench import Bench, Outcome, Variant
from benchmarks.goals import Finding, Goal, Unit
from benchmarks.orders import Orders

NAME = "gold, changed groups and in full"


class GoldGroups:
    """Whether the work follows the change rather than the table."""

    name = "gold_groups"

    def run(self, bench: Bench) -> Outcome:
        """Measure."""
        orders = Orders(bench.sizes.gold_rows)
        house = bench.filled("gold", orders, 20, "engine_run")
        arguments = ("--orders", str(orders.count), "--turns", str(bench.sizes.runs))
        found = bench.turn_about(
            [Variant(NAME, house, "gold_groups", arguments, house.restore)], runs=1
        )[NAME]
        changed, in_full = found.fact("changed_groups_seconds"), found.fact("in_full_seconds")
        return Outcome(
            (
                Finding(
                    "gold in full, against gold after 1 % of its groups changed",
                    in_full / changed,
                    Unit.TIMES,
                    Goal("at least 10x", 10.0, at_least=True),
                    f"{in_full:.2f} s against {changed:.2f} s for {found.fact('groups'):.0f} "
                    f"groups over {orders.count:,} rows, warm",
                ),
            ),
            (found,),
        )
