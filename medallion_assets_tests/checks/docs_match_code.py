"""Say where the documentation and the code disagree; run by `make check`.

Exit code 1 and one line for each mismatch: make targets, environment variables, the public names of
the package, links, and the files that the documentation names.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from medallion_assets_tests.checks.markdown import MarkdownDocument
from medallion_assets_tests.checks.options_table import option_table, tests

MAKE_COMMAND = re.compile(r"(?:^|[\s;&|(])make(?:\s+(?:-\S+|[A-Z_]+=\S*))*\s+([a-z][\w-]*)")
MAKE_TARGET = re.compile(r"^([a-z][\w-]*):(?!=)(.*)$", re.MULTILINE)
VARIABLE = re.compile(r"\b(?:MEDALLION_[A-Z0-9_]*[A-Z0-9]|SPARK_REMOTE|SPARK_MASTER)\b")
# A path in backticks, perhaps with a line number; `…`, `<name>` and the like are not paths.
CODE_PATH = re.compile(
    r"^((?:medallion_assets|medallion_assets_tests|development)/[\w./*-]*)(?::\d+)?$"
)
TEST = re.compile(r"`(test_\w+\.py::test_\w+)`")
NOT_OURS = {".venv", ".git", "data", "node_modules"}


def documents(root: Path) -> list[MarkdownDocument]:
    """Return the documentation: README.md and everything in docs."""
    paths = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    return [MarkdownDocument.read(path) for path in paths if path.is_file()]


def every_document(root: Path) -> list[MarkdownDocument]:
    """Return every Markdown file of the repository."""
    paths = sorted(root.rglob("*.md"))
    ours = [path for path in paths if not NOT_OURS & set(path.relative_to(root).parts[:-1])]
    return [
        MarkdownDocument.read(path)
        for path in ours
        if not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]


def missing_documents(root: Path) -> Iterator[str]:
    """Name the documents without which there is nothing to compare."""
    for name in ("README.md", "docs/architecture.md"):
        if not (root / name).is_file():
            yield f"{name}: is missing"


def make_targets(root: Path) -> Iterator[str]:
    """Compare the make targets named in the documentation with those of the Makefile."""
    makefile = root / "Makefile"
    if not makefile.is_file():
        yield "Makefile: is missing"
        return
    targets = dict(MAKE_TARGET.findall(makefile.read_text(encoding="utf-8")))
    named: set[str] = set()
    for document in documents(root):
        for line in document.code:
            for target in MAKE_COMMAND.findall(line.partition("#")[0]):
                named.add(target)
                if target not in targets:
                    yield f"{place(root, document)}: make {target} is not in the Makefile"
    for target, rest in targets.items():
        if "## " in rest and target not in named:
            yield f"Makefile: make {target} is in no documentation"


def environment_variables(root: Path) -> Iterator[str]:
    """Compare the environment variables the package reads with those described."""
    read = {
        name: path
        for path in sorted((root / "medallion_assets").rglob("*.py"))
        for name in variables_read(path)
    }
    benchmarks = {
        name for path in (root / "benchmarks").rglob("*.py") for name in variables_read(path)
    }
    described: dict[str, MarkdownDocument] = {}
    for document in documents(root):
        described.update(dict.fromkeys(VARIABLE.findall(document.text), document))
    for name, path in sorted(read.items()):
        if name not in described:
            yield f"{path.relative_to(root)}: {name} is in no documentation"
    for name, document in sorted(described.items()):
        if name.startswith("MEDALLION_") and name not in read and name not in benchmarks:
            yield f"{place(root, document)}: {name} is read nowhere in the code"


def variables_read(path: Path) -> set[str]:
    """Return the environment variables that a module names in a string of their own."""
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path)))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and VARIABLE.fullmatch(node.value)
    }


def public_names(root: Path) -> Iterator[str]:
    """Name what the package exports and no document describes."""
    module = root / "medallion_assets" / "__init__.py"
    if not module.is_file():
        yield "medallion_assets/__init__.py: is missing"
        return
    exported = exported_names(module)
    if not exported:
        yield "medallion_assets/__init__.py: has no __all__ with literal names"
    text = "\n".join(document.text for document in documents(root))
    for name in exported:
        if not re.search(rf"`{name}[`(]|\b{name}\(", text):
            yield f"medallion_assets/__init__.py: {name} is in no documentation"


def exported_names(module: Path) -> list[str]:
    """Return the literal `__all__` of a module, without importing it."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            assert node.value is not None, "__all__ is declared without a value"
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def links(root: Path) -> Iterator[str]:
    """Name the relative links whose file or heading does not exist."""
    for document in every_document(root):
        for link in document.links:
            if re.match(r"[a-z][a-z0-9+.-]*:|//", link, re.IGNORECASE):
                continue
            target, _, anchor = link.partition("#")
            path = (document.path.parent / unquote(target)) if target else document.path
            if not path.exists():
                yield f"{place(root, document)}: the link {link} leads nowhere"
            elif anchor and path.suffix == ".md" and anchor not in headings(path):
                yield f"{place(root, document)}: the link {link} names no heading"


def headings(path: Path) -> set[str]:
    """Return the anchors of a Markdown file."""
    return MarkdownDocument.read(path).anchors


def code_paths(root: Path) -> Iterator[str]:
    """Name the files in backticks that do not exist; `*` has to match at least one."""
    for document in documents(root):
        for span in document.code_spans:
            match = CODE_PATH.match(span)
            if match and not any(root.glob(match.group(1).rstrip("/"))):
                yield f"{place(root, document)}: {match.group(1)} does not exist"


def named_tests(root: Path) -> Iterator[str]:
    """Name the tests in the documentation that do not exist."""
    existing = tests(root)
    for document in documents(root):
        for named in TEST.findall(document.text):
            if named not in existing:
                yield f"{place(root, document)}: the test {named} does not exist"


def place(root: Path, document: MarkdownDocument) -> str:
    """Return a document's path as a reader of the repository writes it."""
    return str(document.path.relative_to(root))


def mismatches(root: Path) -> list[str]:
    """Return one line for each thing on which the documentation and the code disagree."""
    checks = (
        missing_documents,
        make_targets,
        environment_variables,
        public_names,
        links,
        code_paths,
        option_table,
        named_tests,
    )
    return [line for check in checks for line in dict.fromkeys(check(root))]


def main() -> int:
    """Print the mismatches of this repository; return 1 when there are any."""
    found = mismatches(Path(__file__).resolve().parents[2])
    for line in found:
        print(line)
    print(f"Documentation and code: {len(found) or 'no'} mismatch{'es' * (len(found) != 1)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
