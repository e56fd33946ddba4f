from __future__ import annotations

from pathlib import Path

import pytest

from medallion_assets.lakehouse.errors import MachineError
from medallion_assets.lakehouse.session.preflight import (
    Java,
    check_versions,
    find_java,
    java_major,
    preflight,
)


def program(path: Path, *stderr: str) -> Path:
    """A program that answers like `java -version`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + "".join(f"echo '{line}' >&2\n" for line in stderr))
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("spelled", "major"),
    [
        ("1.8.0_412", 8), ("11.0.23", 11), ("17", 17), ("17.0.15", 17), ("21-ea", 21),
        ("25.0.1+8-LTS", 25), ("1.7", 7),
    ],
)  # fmt: skip
def test_the_feature_release_of_a_java_version(spelled: str, major: int) -> None:
    assert java_major(spelled) == major


def test_the_java_of_java_home_comes_before_the_path(tmp_path: Path) -> None:
    home = program(tmp_path / "home" / "bin" / "java", 'openjdk version "17.0.9" 2023-10-17')
    path = program(tmp_path / "path" / "java", 'openjdk version "21.0.1"')
    assert find_java(str(tmp_path / "home"), str(path.parent)) == Java(home, "17.0.9")
    assert find_java(None, str(path.parent)) == Java(path, "21.0.1")
    assert find_java("", str(path.parent)) == Java(path, "21.0.1")


def test_what_java_says_before_its_version_does_not_matter(tmp_path: Path) -> None:
    path = program(tmp_path / "java", "Picked up JAVA_TOOL_OPTIONS: -Xmx1g", 'java version "17"')
    assert find_java(None, str(tmp_path)) == Java(path, "17")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ('openjdk version "11.0.23" 2024-04-16', r"is Java 11\.0\.23, Spark 4 needs 17 or newer"),
        ('java version "1.8.0_412"', r"is Java 1\.8\.0_412, Spark 4 needs 17"),
        ("Error: no such option", "does not say a version, but: Error: no such option"),
    ],
)
def test_an_unusable_java_is_named_in_one_line_with_the_fix(
    tmp_path: Path, answer: str, says: str
) -> None:
    java = program(tmp_path / "java", answer)
    with pytest.raises(MachineError, match=says) as refused:
        find_java(None, str(tmp_path))
    assert str(java) in str(refused.value)
    assert "openjdk-17-jre-headless" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_no_java_at_all_is_one_line_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="there is none on the PATH") as refused:
        find_java(None, str(tmp_path))
    assert "JAVA_HOME" in str(refused.value)
    assert "\n" not in str(refused.value)
    with pytest.raises(MachineError, match="has no bin/java"):
        find_java(str(tmp_path / "nowhere"), "/usr/bin")


@pytest.mark.parametrize(
    ("pyspark", "delta"),
    [("4.1.4", "4.4.0"), ("4.0.1", "4.4.0"), ("4.2.0", "4.4.1"), ("4.1.0.dev1", "4.4.0")],
)
def test_supported_pairs_pass(pyspark: str, delta: str) -> None:
    check_versions(pyspark, delta)


@pytest.mark.parametrize(
    ("pyspark", "delta"), [("4.3.0", "4.4.0"), ("3.5.1", "4.4.0"), ("4.1.4", "3.2.0")]
)
def test_other_pairs_are_refused_with_the_command_that_helps(pyspark: str, delta: str) -> None:
    with pytest.raises(MachineError) as refused:
        check_versions(pyspark, delta)
    message = str(refused.value)
    assert f"pyspark {pyspark} and delta-spark {delta}" in message
    assert "pip install -r requirements.lock" in message
    assert "\n" not in message


def test_this_machine_passes() -> None:
    java = preflight()
    assert java.executable.is_file()
    assert java_major(java.version) >= 17
