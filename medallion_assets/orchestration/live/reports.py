"""What the live job tells Dagster of a table: what a run's own step would, and as it happens.

Materializations are events of the live run. Verdicts of checks are reported beside it: Dagster
keeps one verdict of a check a run, and would write each over the one before, in a row that is older
than that of a run which came in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

from medallion_assets.lakehouse.tables import BronzeTable, Table
from medallion_assets.orchestration.checks import check_specs
from medallion_assets.orchestration.keys import landing_key, table_key
from medallion_assets.orchestration.live.provenance import Input, inputs_of, version_tags
from medallion_assets.orchestration.openlineage.run_events import error_text
from medallion_assets.orchestration.specs import table_specs

Event = dg.AssetMaterialization | dg.AssetObservation


@dataclass(frozen=True)
class Reports:
    """The events of one table.

    Args:
        table: the table.
        instance: is told of the checks.
    """

    table: Table
    instance: dg.DagsterInstance

    @cached_property
    def _specs(self) -> Mapping[dg.AssetKey, dg.AssetSpec]:
        return {spec.key: spec for spec in table_specs(self.table)}

    @cached_property
    def _blocking(self) -> Mapping[str, bool]:
        return {spec.name: spec.blocking for spec in check_specs(self.table)}

    def inputs(self) -> dict[dg.AssetKey, Input]:
        """What the table and its side tables are to be made of, before they are made."""
        keys = {dep.asset_key for spec in self._specs.values() for dep in spec.deps}
        return inputs_of(self.instance, sorted(keys))

    def source_inputs(self) -> dict[dg.AssetKey, Input]:
        """The same of a bronze table's source, once it was reported what is left there."""
        if not isinstance(self.table, BronzeTable):
            return {}
        return inputs_of(self.instance, [landing_key(self.table.source)])

    def told(
        self, event: dg.MaterializeResult[None], inputs: Mapping[dg.AssetKey, Input]
    ) -> Iterator[Event]:
        """A materialization, and then the verdicts on it.

        Args:
            event: as a run's step makes it.
            inputs: what was read.
        """
        spec = self._specs[event.asset_key or table_key(self.table)]
        read = {dep.asset_key: inputs[dep.asset_key] for dep in spec.deps}
        version = event.data_version
        if version is None:
            raise TypeError(f"{spec.key.to_user_string()}: a materialization without a version")
        yield dg.AssetMaterialization(
            asset_key=spec.key,
            metadata=event.metadata,
            tags=version_tags(version, spec.code_version or "none", read),
        )
        for result in event.check_results or ():
            self.judged(result)

    def judged(self, result: dg.AssetCheckResult) -> None:
        """Report a verdict on the newest materialization of the table."""
        key, name = table_key(self.table), str(result.check_name)
        newest = self.instance.fetch_materializations(key, limit=1).records
        self.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=name,
                passed=result.passed,
                metadata=result.metadata or {},
                severity=result.severity,
                description=result.description,
                blocking=self._blocking[name],
                target_materialization_data=(
                    AssetCheckEvaluationTargetMaterializationData(
                        storage_id=newest[0].storage_id,
                        run_id=newest[0].run_id,
                        timestamp=newest[0].timestamp,
                    )
                    if newest
                    else None
                ),
            )
        )

    def failed(self, error: Exception) -> dg.AssetObservation:
        """That the table could not be taken further."""
        return dg.AssetObservation(
            asset_key=table_key(self.table),
            description=error_text(self.table, error),
            metadata={"error": type(error).__name__},
        )
