"""One look of a landing sensor, and the sensor's whole tick in Dagster."""

from __future__ import annotations

from benchmarks.programs.stopwatch import Stopwatch, parser


def main() -> None:
    """Look twice, the second time with the listing in the operating system's memory; then tick."""
    watch = Stopwatch.of(parser(__doc__).parse_args())

    import dagster as dg

    from benchmarks.house import PROJECT
    from benchmarks.lakehouse import bronze_orders
    from benchmarks.location import defs
    from medallion_assets.lakehouse.autoloader.landing import look
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.tables import LandingDirectory
    from medallion_assets.orchestration import LakeResource

    lake = Lake.from_environment(PROJECT)
    source = bronze_orders.source
    assert isinstance(source, LandingDirectory)
    sensor = defs.resolve_sensor_def(f"{source.name}_landing_sensor")
    watch.lap("imports")
    arguments = (
        lake.landing_path(source),
        lake.stream_directory(bronze_orders),
        source.cloud_files_options(),
    )
    look(*arguments, budget_seconds=60.0)
    watch.lap("first_look")
    state = look(*arguments, budget_seconds=60.0)
    watch.lap("look")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, definitions=defs, resources={"lake": LakeResource.of(lake)}
        )
        watch.lap("instance")
        tick = sensor.evaluate_tick(context)
        watch.lap("tick")
    watch.facts |= {
        "listed": state.listed,
        "new_files": state.new_files,
        "runs_requested": len(tick.run_requests or ()),
        "cursor_bytes": len((tick.cursor or "").encode()),
    }
    watch.tell()


if __name__ == "__main__":
    main()
