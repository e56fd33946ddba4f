"""What the catalog is told about topics."""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from medallion_assets.lakehouse.kafka.offsets import signature
from medallion_assets.lakehouse.kafka.state import TopicState
from medallion_assets.orchestration.keys import landing_key
from medallion_assets.orchestration.markdown import markdown_table


def topic_signature(state: TopicState) -> str:
    """What a report says, in short: two looks with the same signature need one report."""
    return f"{signature(state.latest)}|{signature(state.position)}"


def topic_report(state: TopicState) -> dg.AssetMaterialization:
    """The event that reports a look at topics.

    The data version is where the topics end. It does not move when bronze takes what is there.
    """
    rows = [
        (
            one.topic,
            one.partition,
            end,
            state.position.get(one, "-"),
            state.unread.get(one, 0),
        )
        for one, end in sorted(state.latest.items())
    ]
    metadata: dict[str, dg.MetadataValue] = {
        "topics": dg.MetadataValue.text(state.source.topics),
        "events_waiting": dg.MetadataValue.int(state.events_waiting),
        "partitions": dg.MetadataValue.md(
            markdown_table(("topic", "partition", "end", "read up to", "waiting"), rows)
        ),
    }
    if state.oldest_unread_age_seconds is not None:
        age = round(state.oldest_unread_age_seconds, 1)
        metadata["oldest_waiting_seconds"] = dg.MetadataValue.float(age)
    return dg.AssetMaterialization(
        asset_key=landing_key(state.source),
        metadata=metadata,
        tags={DATA_VERSION_TAG: signature(state.latest)},
    )


def describe(state: TopicState) -> str:
    """What a look saw, as a sentence."""
    if not state.latest:
        return f"{state.source.topics}: there is no such topic yet"
    waiting = state.events_waiting
    said = f"{len(state.latest):,} partitions, "
    said += f"{waiting:,} {'event' if waiting == 1 else 'events'} new" if waiting else "nothing new"
    if state.oldest_unread_age_seconds is not None:
        said += f", the oldest of {state.oldest_unread_age_seconds:,.0f} s ago"
    if state.gaps:
        said += f"; lost before they were read: {'; '.join(map(str, state.gaps))}"
    return said
