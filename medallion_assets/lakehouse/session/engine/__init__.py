"""The warm engine: one JVM that stays between runs, as build tools keep theirs.

A run attaches to it in a fraction of a second and finds its code compiled, where a JVM of its own
takes some ten seconds to start and as long again to warm up. Everything about it is in this
package, as it rests on parts of PySpark that are documented as internal; whatever goes wrong in
here, the run takes a session of its own.

`holder` is the process that keeps the JVM, `attaching` what a run does, between them a Unix socket
whose connection is the run's life: the kernel closes it, however the run ends.
"""

from __future__ import annotations

from medallion_assets.lakehouse.session.engine.attaching import place_for, session, start
from medallion_assets.lakehouse.session.engine.choice import wanted
from medallion_assets.lakehouse.session.engine.loss import forget_ended, losses_reported

__all__ = ["forget_ended", "losses_reported", "place_for", "session", "start", "wanted"]
