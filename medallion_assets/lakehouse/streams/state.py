"""What Spark says when a transform can't go on with what its stream remembers."""

from __future__ import annotations

from medallion_assets.lakehouse.errors import DeclarationError

_OTHER_STATE = (
    "STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE",
    "STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE",
    "STATE_STORE_COLUMN_FAMILY_SCHEMA_INCOMPATIBLE",
    "STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA",
    # Spark's checkpoint knows the sources by their place in the plan.
    "DIFFERENT_DELTA_TABLE_READ_BY_STREAMING_SOURCE",
)
_TWO_WATERMARKS = "Redefining watermark is disallowed"


def as_state_error(error: Exception, table: str) -> DeclarationError | None:
    """The error of a transform that doesn't fit its state, where that is what ended a query.

    Args:
        error: what the query raised.
        table: whose transform it is.
    """
    text = str(error)
    if _TWO_WATERMARKS in text:
        return DeclarationError(
            f"{table}: a watermark is set twice. The engine sets the declared ones before the "
            "transform: leave `withWatermark` out of it, or the stream out of `watermarks`."
        )
    if not any(condition in text for condition in _OTHER_STATE):
        return None
    return DeclarationError(
        f"{table}: the transform doesn't fit what its stream remembers. Either it was changed, or "
        "a streamed table has a new column that the transform passes on: let it name the columns "
        f"it gives. Then `medallion rebuild {table.replace('.', '/', 1)}`; trying again ends the "
        "same way."
    )
