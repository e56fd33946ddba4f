from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from medallion_assets.lakehouse.session.engine import wire
from medallion_assets.lakehouse.session.engine.place import (
    DIRECTORY,
    EngineUnavailableError,
    Place,
    check_private,
    engine_directory,
    prepared,
)
from medallion_assets.lakehouse.session.engine.starting import running


@pytest.fixture
def place() -> Iterator[Place]:
    # The path of a socket has 100 characters at most, pytest's own directories are longer.
    with TemporaryDirectory(prefix="engine-") as directory:
        yield Place(prepared(Path(directory) / "engine"), "f1")


def test_the_directory_is_the_owners_alone(place: Place) -> None:
    assert stat.S_IMODE(place.directory.stat().st_mode) == 0o700


def test_only_the_owner_can_connect(place: Place) -> None:
    with wire.listening(place.socket):
        assert stat.S_IMODE(place.socket.stat().st_mode) == 0o600
        with wire.connected(place.socket, 5) as connection:
            assert wire.process_of(connection) == os.getpid()


def test_a_directory_open_to_others_is_refused(place: Place) -> None:
    with wire.listening(place.socket):
        place.directory.chmod(0o750)
        with pytest.raises(EngineUnavailableError, match=r"open to other users \(mode 0750\)"):
            wire.connected(place.socket, 5)
        with pytest.raises(EngineUnavailableError, match="open to other users"):
            prepared(place.directory)


def test_a_socket_open_to_others_is_refused(place: Place) -> None:
    with wire.listening(place.socket):
        place.socket.chmod(0o666)
        with pytest.raises(EngineUnavailableError, match="open to other users"):
            wire.connected(place.socket, 5)


def test_a_file_of_another_user_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with wire.listening(place.socket):
        owner = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: owner + 1)
        with pytest.raises(EngineUnavailableError, match=rf"another user \(uid {owner}\)"):
            wire.connected(place.socket, 5)


def test_a_link_is_refused(place: Place) -> None:
    place.socket.symlink_to("/etc/passwd")
    with pytest.raises(EngineUnavailableError, match="symbolic link"):
        check_private(place.socket)


def test_what_an_ended_engine_left_is_no_engine(place: Place) -> None:
    assert running(place) is None
    wire.listening(place.socket).close()
    assert place.socket.exists()
    assert running(place) is None


def test_a_file_where_the_socket_should_be_is_no_engine(place: Place) -> None:
    place.socket.touch(mode=0o600)
    assert running(place) is None


def test_another_program_at_its_address_is_told_apart(place: Place) -> None:
    with wire.listening(place.socket) as listener, wire.connected(place.socket, 5) as connection:
        other, _ = listener.accept()
        with other:
            other.sendall(b"220 mail ready\n")
            with pytest.raises(EngineUnavailableError, match="is no engine"):
                wire.ask(connection, "attach")


def test_one_that_does_not_answer_is_given_up(place: Place) -> None:
    with (
        wire.listening(place.socket),
        wire.connected(place.socket, 0.05) as connection,
        pytest.raises(TimeoutError),
    ):
        wire.ask(connection, "attach")


def test_its_place_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(DIRECTORY, str(tmp_path))
    assert engine_directory() == tmp_path
    monkeypatch.delenv(DIRECTORY)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert engine_directory() == tmp_path / "medallion_assets" / "engine"
