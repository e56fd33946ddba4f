"""An engine that ends under a run: one failed attempt, and a clean next one.

The next attempt is in the same process, whose PySpark still holds the JVM that is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from medallion_assets.lakehouse.errors import EngineEndedError, TransientError
from medallion_assets.lakehouse.session.engine import attachment


def forget_ended() -> bool:
    """Let go of an engine that has ended, so that the next session is a new one.

    Returns:
        Whether it had ended.
    """
    attached = attachment.current()
    if attached is None or not attached.has_ended():
        return False
    attached.wait_until_gone()
    attachment.release()
    return True


@contextmanager
def losses_reported() -> Iterator[None]:
    """Tell an error of the block that comes from the end of the engine by its cause.

    Raises:
        EngineEndedError: the engine ended within the block. Trying again helps.
    """
    try:
        yield
    except TransientError:
        raise
    except Exception as error:
        attached = attachment.current()
        if attached is None or not attached.has_ended():
            raise
        forget_ended()
        raise EngineEndedError(
            f"The warm engine (process {attached.process}) ended while this run was using it. "
            "Nothing is lost: trying again starts a new one, or goes on without "
            "(MEDALLION_ENGINE=off)."
        ) from error
