# ruff: noqa: I002 - Dagster compares the annotation of `context` with its classes, not its text.

import io

import dagster as dg
import pytest

from medallion_assets.cli.progress import ProgressHandler, materialization_line, progress_logger


def done(**metadata: int | float) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(["silver", "orders"], metadata=metadata)


def test_a_line_says_rows_version_and_time() -> None:
    line = materialization_line(
        done(
            batches=1,
            rows_this_run=1870,
            rows_quarantined=12,
            delta_version=3,
            duration_seconds=2.1,
        )
    )
    assert line.split() == (
        ["silver/orders", "+1,870", "rows", "(12", "quarantined)", "version", "3", "2.1", "s"]
    )


def test_a_table_without_new_data_says_so() -> None:
    line = materialization_line(done(batches=0, rows_this_run=0, delta_version=3))
    assert line.split() == ["silver/orders", "nothing", "new"]


def run_probe(*, verbose: bool) -> str:
    """What a person sees of a run whose step says something, warns and is done."""
    terminal = io.StringIO()

    @dg.asset(key=["silver", "orders"])
    def probe(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        context.log.debug("inside")
        context.log.info("on the way")
        context.log.info("further")
        context.log.warning("careful")
        return dg.MaterializeResult(
            metadata={
                "batches": 1,
                "rows_this_run": 2,
                "delta_version": 0,
                "duration_seconds": 0.5,
            }
        )

    logger = progress_logger(ProgressHandler(terminal, verbose=verbose))
    definitions = dg.Definitions([probe], jobs=[dg.define_asset_job("all_of_it")])
    job = definitions.resolve_job_def("all_of_it").with_logger_defs({"progress": logger})
    assert job.execute_in_process(run_config={"loggers": {"progress": {}}}).success
    return terminal.getvalue()


@pytest.mark.parametrize("verbose", [False, True])
def test_dagsters_own_lines_are_kept_out(verbose: bool) -> None:
    lines = [line.split() for line in run_probe(verbose=verbose).splitlines()]
    # The first thing said is shown at once, the next only where nothing else was for a while.
    more = [["silver/orders:", "further"]] if verbose else []
    assert lines == [
        ["silver/orders:", "on", "the", "way"],
        *more,
        ["silver/orders:", "careful"],
        ["silver/orders", "+2", "rows", "version", "0", "0.5", "s"],
    ]
