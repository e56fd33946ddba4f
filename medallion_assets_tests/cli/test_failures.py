from __future__ import annotations

import dagster as dg

from medallion_assets.cli.failures import failure_lines, failure_traces
from medallion_assets.lakehouse.errors import MachineError
from medallion_assets.orchestration.retries import terminal_failure
from medallion_assets_tests.orchestration.small_lakehouse import bronze_customers, bronze_orders


def failed_run() -> dg.ExecuteInProcessResult:
    """Two tables fail for the same reason, a third for another."""

    @dg.asset(key=["bronze", "orders"])
    def first() -> None:
        raise terminal_failure(bronze_orders, MachineError("There is no Java. Install it."))

    @dg.asset(key=["bronze", "customers"])
    def second() -> None:
        raise terminal_failure(bronze_customers, MachineError("There is no Java. Install it."))

    @dg.asset(key=["bronze", "clicks"])
    def third() -> None:
        raise OSError("disk\nfull")

    return dg.materialize([first, second, third], raise_on_error=False)


def test_a_cause_is_said_once_with_the_tables_it_stopped() -> None:
    lines = failure_lines(failed_run())
    assert "bronze/orders, bronze/customers: There is no Java. Install it." in lines or (
        "bronze/customers, bronze/orders: There is no Java. Install it." in lines
    )
    assert "bronze/clicks: OSError: disk full" in lines
    assert len(lines) == 2


def test_the_traces_name_the_place() -> None:
    traces = "\n".join(failure_traces(failed_run()))
    assert "third" in traces
    assert __file__ in traces
