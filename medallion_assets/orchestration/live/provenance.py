"""The tags by which Dagster knows of what a materialization was made.

Dagster makes them for the ops of assets. The live job's op is none, and tags its events the same,
so that a table shows as up to date, or out of date, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    DEFAULT_DATA_VERSION,
    NULL_EVENT_POINTER,
    extract_data_version_from_entry,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)

if TYPE_CHECKING:
    import dagster as dg


@dataclass(frozen=True)
class Input:
    """What an asset was when it was read.

    Attributes:
        version: its data version.
        event: the number of the event that told of it, as a tag.
    """

    version: str
    event: str


def inputs_of(
    instance: dg.DagsterInstance, keys: Iterable[dg.AssetKey]
) -> dict[dg.AssetKey, Input]:
    """What assets are now."""
    found = {}
    for key in keys:
        record = instance.get_latest_data_version_record(key)
        if record is None:
            found[key] = Input(DEFAULT_DATA_VERSION.value, NULL_EVENT_POINTER)
            continue
        version = extract_data_version_from_entry(record.event_log_entry) or DEFAULT_DATA_VERSION
        found[key] = Input(version.value, str(record.storage_id))
    return found


def version_tags(
    version: dg.DataVersion, code_version: str, inputs: Mapping[dg.AssetKey, Input]
) -> dict[str, str]:
    """The tags of a materialization.

    Args:
        version: of what was written.
        code_version: of what wrote it.
        inputs: what was read.
    """
    tags = {
        CODE_VERSION_TAG: code_version,
        DATA_VERSION_TAG: version.value,
        DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
    }
    for key, read in inputs.items():
        tags[get_input_data_version_tag(key)] = read.version
        tags[get_input_event_pointer_tag(key)] = read.event
    return tags
