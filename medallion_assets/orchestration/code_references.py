"""Where a table is declared, so that the UI can open that line."""

from __future__ import annotations

import ast
import inspect
import warnings
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import dagster as dg

from medallion_assets.lakehouse.tables import Table


def code_references(
    table: Table, modules: Iterable[ModuleType]
) -> dg.CodeReferencesMetadataValue | None:
    """The file and line of the module-level name that holds the table.

    Args:
        table: the declaration.
        modules: the modules to look in.

    Returns:
        None where no module holds the table under a name, or has no source file.
    """
    for module in modules:
        names = {name for name, value in vars(module).items() if value is table}
        line = _assignment_line(module, names) if names else None
        if line is not None:
            path = str(Path(inspect.getfile(module)).resolve())
            return _reference(path, line, table.full_name)
    return None


def _reference(path: str, line: int, label: str) -> dg.CodeReferencesMetadataValue:
    with warnings.catch_warnings():
        # Said once a table, at every load; the versions are pinned.
        warnings.simplefilter("ignore", dg.BetaWarning)
        reference = dg.LocalFileCodeReference(file_path=path, line_number=line, label=label)
        return dg.CodeReferencesMetadataValue(code_references=[reference])


def _assignment_line(module: ModuleType, names: set[str]) -> int | None:
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError):
        return None
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            targets: list[ast.expr] = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id in names for target in targets):
            return statement.lineno
    return None
