from __future__ import annotations

from pathlib import Path

import pytest

from medallion_assets_tests.checks.docs_match_code import mismatches

FILES = {
    "Makefile": "run: stamp ## run it\n\t@true\n\nstamp:\n\t@true\n",
    "README.md": (
        "# Lake\n\nSee [the picture](docs/architecture.md#two-words).\n\n"
        "```sh\nMEDALLION_LAKE=/lake make run   # make sure of it\n```\n"
    ),
    "docs/architecture.md": (
        "## Two words\n\n`start_spark()` is in `medallion_assets/session.py`. Make sure it runs.\n"
    ),
    "medallion_assets/__init__.py": '__all__ = ["start_spark"]\n',
    "medallion_assets/session.py": 'import os\n\nLAKE = os.environ["MEDALLION_LAKE"]\n',
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_a_matching_repository_has_no_mismatch(repository: Path) -> None:
    assert mismatches(repository) == []


@pytest.mark.parametrize(
    ("name", "added", "expected"),
    [
        ("README.md", "`make walk`", "README.md: make walk is not in the Makefile"),
        ("Makefile", "land: ## drop\n", "Makefile: make land is in no documentation"),
        ("README.md", "MEDALLION_NEW", "README.md: MEDALLION_NEW is read nowhere in the code"),
        (
            "medallion_assets/session.py",
            'A = "SPARK_REMOTE"\n',
            "medallion_assets/session.py: SPARK_REMOTE is in no documentation",
        ),
        (
            "medallion_assets/__init__.py",
            '__all__ = ["copy_into"]\n',
            "medallion_assets/__init__.py: copy_into is in no documentation",
        ),
        ("README.md", "[x](docs/no.md)", "README.md: the link docs/no.md leads nowhere"),
        ("README.md", "![x](no%20.png)", "README.md: the link no%20.png leads nowhere"),
        (
            "docs/architecture.md",
            "[x](#three-words)",
            "docs/architecture.md: the link #three-words names no heading",
        ),
        (
            "docs/architecture.md",
            "`medallion_assets/gone.py:3`",
            "docs/architecture.md: medallion_assets/gone.py does not exist",
        ),
    ],
)
def test_a_mismatch_is_named(repository: Path, name: str, added: str, expected: str) -> None:
    path = repository / name
    if name.endswith("__init__.py"):
        path.write_text(added, encoding="utf-8")
    else:
        path.write_text(f"{path.read_text(encoding='utf-8')}\n{added}", encoding="utf-8")
    assert mismatches(repository) == [expected]


def test_a_missing_document_is_named(repository: Path) -> None:
    (repository / "docs" / "architecture.md").unlink()
    assert "docs/architecture.md: is missing" in mismatches(repository)
