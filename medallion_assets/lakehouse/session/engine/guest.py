"""A run in the engine's JVM: a session, a gateway and a job tag of its own.

The session has its own catalog, cache and settings (a `SharedState` of its own, not that of a
`newSession`), so that two lakes never meet under one name. What it shares is the compiled code.

The gateway is started by a thread that has the session active and the tag set. Threads inherit
both: those that serve the run's calls, and the ones its streaming queries run on. So all of its
jobs can be told from those of other runs, and ended when the run is gone.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_PAUSE_SECONDS = 0.05
_POOL = "spark.scheduler.pool"
"""A run has one of its own, and so its share of the cores."""


class Guest:
    """One run.

    Args:
        root: the session that the engine itself holds.
        settings: of the run's own session.
        process: of the run.
    """

    def __init__(self, root: SparkSession, settings: Mapping[str, str], process: int) -> None:
        self.process = process
        self.since = time.time()
        self.tag = f"medallion-run-{secrets.token_hex(8)}"
        self.has_ended = False
        self._root = root
        jvm: Any = root._jvm
        self._jvm = jvm
        self._sessions: Any = getattr(self._jvm, "org.apache.spark.sql.classic.SparkSession")
        self._check_fixed(settings)
        # Delta keeps what it knows of a log by the path, whoever has asked: tables of a lake that
        # was deleted and made anew would be taken for the old ones.
        getattr(jvm, "org.apache.spark.sql.delta.DeltaLog").clearCache()
        options = self._jvm.java.util.HashMap()
        for name, value in settings.items():
            options.put(name, value)
        self._session = self._sessions(root._jsc.sc(), options)
        self._token = secrets.token_hex(32)
        self._gateway = self._started_gateway()

    def address(self) -> dict[str, Any]:
        """Where the run finds its gateway; the token is for nobody else."""
        port = int(self._gateway.getJavaServer().getListeningPort())
        return {"port": port, "token": self._token, "tag": self.tag}

    def end(self) -> None:
        """Stop all it still does, wait for that, and free what it held.

        Returns when none of its queries, calls and jobs is left that could write.
        """
        while self._still_works():
            self._root._jsc.sc().cancelJobsWithTag(self.tag)
            for query in self._queries():
                query.stop()
            time.sleep(_PAUSE_SECONDS)
        self.has_ended = True
        self._gateway.shutdown()
        shared = self._session.sharedState()
        shared.cacheManager().clearCache()
        listener = shared.statusStore().listener()
        if listener.isDefined():
            self._root._jsc.sc().listenerBus().removeListener(listener.get())

    def _check_fixed(self, settings: Mapping[str, str]) -> None:
        """Refuse what a session can't have for itself, where the engine has it otherwise."""
        known = getattr(self._jvm, "org.apache.spark.sql.internal.SQLConf")
        for name, wanted in settings.items():
            if known.isStaticConfigKey(name) and name != "spark.sql.warehouse.dir":
                actual = self._root.conf.get(name, None)
                if actual != wanted:
                    raise ValueError(f"{name} is fixed when a JVM starts; it has {actual}")

    def _started_gateway(self) -> Any:
        context = self._root._jsc
        builder = getattr(self._jvm, "py4j.ClientServer$ClientServerBuilder")()
        loopback = self._jvm.java.net.InetAddress.getLoopbackAddress()
        builder.javaPort(0).javaAddress(loopback).authToken(self._token)
        # Started by its construction, its threads would have neither session nor tag.
        gateway = builder.autoStartJavaServer(False).build()
        self._sessions.setActiveSession(self._session)
        context.addJobTag(self.tag)
        context.setInterruptOnCancel(True)
        context.setLocalProperty(_POOL, self.tag)
        try:
            gateway.startServer()
        finally:
            context.setLocalProperty(_POOL, None)
            context.setInterruptOnCancel(False)
            context.removeJobTag(self.tag)
            self._sessions.setActiveSession(self._root._jsparkSession)
        return gateway

    def _still_works(self) -> bool:
        return bool(self._calls() or self._queries())

    def _calls(self) -> int:
        """How many of its threads still wait for something the JVM does.

        A thread ends when its call is done and nobody is there for the answer. The server keeps
        them in a private list.
        """
        server = self._gateway.getJavaServer()
        field = self._jvm.java.lang.Class.forName("py4j.GatewayServer").getDeclaredField(
            "connections"
        )
        field.setAccessible(True)
        return int(field.get(server).size())

    def _queries(self) -> list[Any]:
        # Of all its sessions, also those made by newSession().
        return list(self._session.sharedState().activeStreamingQueries().values())
