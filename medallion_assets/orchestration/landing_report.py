"""What the catalog is told about a landing directory."""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from medallion_assets.lakehouse.autoloader.landing import LandingState
from medallion_assets.lakehouse.tables import LandingDirectory
from medallion_assets.orchestration.keys import landing_key


def landing_signature(state: LandingState) -> str:
    """What a report says, in short: two looks with the same signature need one report."""
    return f"{_landed(state)}:{state.new_files}:{state.new_bytes}:{state.failed_files}"


def landing_report(source: LandingDirectory, state: LandingState) -> dg.AssetMaterialization:
    """The event that reports a complete look at a landing directory.

    The data version counts the files that have landed. It does not move when bronze takes them:
    bronze would look out of date just after it has caught up.
    """
    metadata: dict[str, dg.MetadataValue] = {
        "files": dg.MetadataValue.int(_landed(state)),
        "files_waiting": dg.MetadataValue.int(state.new_files),
        "bytes_waiting": dg.MetadataValue.int(state.new_bytes),
        "files_being_written": dg.MetadataValue.int(state.unsettled),
        "files_failed": dg.MetadataValue.int(state.failed_files),
    }
    if state.oldest_new_age_seconds is not None:
        age = round(state.oldest_new_age_seconds, 1)
        metadata["oldest_waiting_seconds"] = dg.MetadataValue.float(age)
    return dg.AssetMaterialization(
        asset_key=landing_key(source),
        metadata=metadata,
        tags={DATA_VERSION_TAG: str(_landed(state))},
    )


def _landed(state: LandingState) -> int:
    return state.listed - state.unsettled


def describe(state: LandingState) -> str:
    """What a look saw, as a sentence."""
    so_far = " so far" if state.resume_after is not None else ""
    parts = [f"looked at {state.listed:,} {_files(state.listed)}{so_far}"]
    parts[0] += f", {state.new_files:,} new" if state.new_files else ", nothing new"
    if state.unsettled:
        parts.append(f"{state.unsettled:,} still being written")
    if state.failed_files:
        parts.append(f"{state.failed_files:,} could not be read")
    return "; ".join(parts)


def _files(count: int) -> str:
    return "file" if count == 1 else "files"
