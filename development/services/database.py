"""A PostgreSQL server whose changes can be read (logical replication)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from development.services.accounts import Account
from development.services.errors import ServiceFailedError
from development.services.ports import HOST, Ports, require_free
from development.services.postgresql import PostgreSQL
from development.services.processes import BackgroundProcess
from development.services.service import Service

USER = "postgres"
_READY_SECONDS = 60


@dataclass(frozen=True)
class Database(Service):
    """The server of a bench with one database of its own.

    Attributes:
        directory: where its data and log are.
        ports: where it listens.
        name: of the database.
    """

    directory: Path
    ports: Ports = field(default_factory=Ports)
    name: str = "shop"

    @property
    def url(self) -> str:
        """The database as PostgreSQL's clients name it."""
        return f"postgresql://{USER}@{HOST}:{self.ports.database}/{self.name}"

    @property
    def process(self) -> BackgroundProcess:
        """The server's first process; asked so, it does not wait for its clients to leave."""
        return BackgroundProcess("PostgreSQL", self.directory, signal.SIGINT)

    def start(self) -> None:
        """Start it and wait until it answers; see `Service.start`."""
        if self.running:
            return
        require_free(self.ports.database, self.process.name)
        programs, account = PostgreSQL.find(), Account.for_postgresql()
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self._initialized.exists():
            self._initialize(programs, account)
        self.process.start(
            [
                str(programs.binaries / "postgres"),
                "-D",
                str(self._data.resolve()),
                *self._options(),
            ],
            lambda: self._psql("select 1", "postgres").returncode == 0,
            _READY_SECONDS,
            account=account,
            environment=programs.environment(),
        )
        self._create()

    def kill(self) -> None:
        """End it as a crash does: without a checkpoint, so that it recovers when it starts."""
        # Killed outright it would leave processes behind that hold its memory for a while.
        self.process.kill(signal.SIGQUIT)

    def remove(self) -> None:
        """Stop it and delete its data, also where that is outside the directory."""
        self.stop()
        shutil.rmtree(self._data.resolve(), ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    def execute(self, sql: str) -> None:
        """Run statements; each is a transaction of its own unless `begin` and `commit` say more.

        Raises:
            ServiceFailedError: a statement failed; those after it were not run.
        """
        done = self._psql(sql, self.name)
        if done.returncode != 0:
            raise ServiceFailedError(f"PostgreSQL refused: {done.stderr.strip()}")

    def rows(self, query: str) -> list[dict[str, object]]:
        """The rows of a query as JSON has them; numbers with a point are decimals.

        Raises:
            ServiceFailedError: the query failed.
        """
        done = self._psql(f"select to_json(found) from ({query}) as found", self.name)
        if done.returncode != 0:
            raise ServiceFailedError(f"PostgreSQL refused: {done.stderr.strip()}")
        return [json.loads(line, parse_float=Decimal) for line in done.stdout.splitlines()]

    def drop_replication(self, name: str) -> None:
        """Drop a replication slot and the publication of the same name, if they are there.

        Raises:
            ServiceFailedError: the slot is still read.
        """
        self.execute(
            f"select pg_drop_replication_slot(slot_name) from pg_replication_slots "
            f"where slot_name = '{name}'; drop publication if exists \"{name}\";"
        )

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @property
    def _initialized(self) -> Path:
        return self.directory / "initialized"

    def _psql(self, sql: str, database: str) -> subprocess.CompletedProcess[str]:
        return PostgreSQL.find().run(
            "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
            "--set=ON_ERROR_STOP=1", f"--host={HOST}", f"--port={self.ports.database}",
            f"--username={USER}", f"--dbname={database}", "--file=-",
            told=sql,
        )  # fmt: skip

    def _options(self) -> list[str]:
        settings = {
            "port": self.ports.database,
            "listen_addresses": HOST,
            # No socket file: the path to one may be too long, and nobody needs it.
            "unix_socket_directories": "",
            "wal_level": "logical",
            # A bench may lose its data with the machine, though not with the process.
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "32MB",
        }
        return [f"--{name}={value}" for name, value in settings.items()]

    def _initialize(self, programs: PostgreSQL, account: Account | None) -> None:
        shutil.rmtree(self._data.resolve(), ignore_errors=True)
        self._data.unlink(missing_ok=True)
        if account is None:
            self._data.mkdir()
        elif account.can_enter(self.directory):
            self._data.mkdir()
            os.chown(self._data, account.user, account.group)
        else:
            # The way here is closed for PostgreSQL's user (/root, say): its home is open.
            outside = tempfile.mkdtemp(prefix="medallion_assets-", dir=account.home)
            os.chown(outside, account.user, account.group)
            self._data.symlink_to(outside)
        done = programs.run(
            "initdb", f"--pgdata={self._data.resolve()}", "--auth=trust", f"--username={USER}",
            "--encoding=UTF8", "--locale=C", "--no-sync",
            account=account,
        )  # fmt: skip
        if done.returncode != 0:
            raise ServiceFailedError(
                f"PostgreSQL could not prepare {self._data}: {done.stderr.strip()}"
            )
        self._initialized.touch()

    def _create(self) -> None:
        known = self._psql(f"select 1 from pg_database where datname = '{self.name}'", "postgres")
        if known.stdout.strip() != "1":
            created = self._psql(f'create database "{self.name}"', "postgres")
            if created.returncode != 0:
                raise ServiceFailedError(f"PostgreSQL refused: {created.stderr.strip()}")
