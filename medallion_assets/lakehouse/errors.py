"""The errors the lakehouse raises.

Every message names the table or file, the cause and the fix. Whether trying the same thing again
can help is the class: `TransientError` yes, `TerminalError` no.
"""

from __future__ import annotations


class MedallionError(Exception):
    """Anything this package raises on purpose."""


class TerminalError(MedallionError):
    """Trying again changes nothing: a declaration, an option or the data has to be changed."""


class TransientError(MedallionError):
    """Trying again can help: another run holds the table, the network was away."""


class DeclarationError(TerminalError):
    """A table, source or expectation is declared in a way that can't work."""


class OptionError(TerminalError):
    """An unknown, malformed or inconsistent option."""


class StatementError(TerminalError):
    """A statement that can't be understood, or not be done.

    Attributes:
        reason: why.
        line: where in the statement, from 1.
        column: the character in that line, from 1.
    """

    def __init__(self, reason: str, statement: str, offset: int) -> None:
        before = statement[:offset]
        self.reason = reason
        self.line = before.count("\n") + 1
        self.column = offset - (before.rfind("\n") + 1) + 1
        shown = (statement.split("\n") or [""])[self.line - 1]
        super().__init__(
            f"line {self.line}, column {self.column}: {reason}\n{shown}\n{' ' * (self.column - 1)}^"
        )


class TargetError(TerminalError):
    """The table to write is not there, or none that can be written so."""


class SourceError(TerminalError):
    """The source of a COPY INTO is not there, or not one that files can be chosen from."""


class MisfitError(TerminalError):
    """Rows of a file do not fit the table they are copied into: nothing was written."""


class TypeDriftError(TerminalError):
    """Values have another type than their column and can't be held by it: nothing was written.

    Attributes:
        table: its name.
        columns: those, with dots where they are within others.
    """

    def __init__(self, message: str, table: str, columns: tuple[str, ...]) -> None:
        super().__init__(message)
        self.table = table
        self.columns = columns


class ChangesError(TerminalError):
    """Rows that are no changes: without key or sequence, or not a batch."""


class FilesBeingLoadedError(TransientError):
    """Another statement is loading the same files into the same table."""


class MachineError(TerminalError):
    """The machine lacks what is needed: Java, the right packages, the network."""


class TableLockedError(TransientError):
    """Another run is writing the table."""


class EngineEndedError(TransientError):
    """The warm engine ended while a run was using it."""


class CheckpointInUseError(TerminalError):
    """A checkpoint belongs to another stream."""


class ErasedRowsError(TerminalError):
    """Files that hold rows of erased people would be taken again."""


class ExpectationFailedError(TerminalError):
    """A row broke an `expect_or_fail` rule: the micro-batch wrote nothing.

    Attributes:
        rule: the name of the rule.
    """

    def __init__(self, message: str, rule: str) -> None:
        super().__init__(message)
        self.rule = rule


class BrokerUnavailableError(TransientError):
    """A Kafka cluster does not answer; the stream goes on where it stands once it does."""


class BrokerRefusedError(TerminalError):
    """A Kafka cluster does not let the user in, or not read."""


class EventsLostError(TerminalError):
    """Events are gone before a stream has read them, and it is told to fail then."""


class SchemaChangedError(TerminalError):
    """New fields arrived and the schema evolution mode says to fail.

    Attributes:
        columns: the new ones, with dots where they are within others.
    """

    def __init__(self, message: str, columns: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.columns = columns


class UnknownFieldError(TransientError):
    """New fields arrived and were stored; the next run goes on with them."""


class FileUnreadableError(TerminalError):
    """A file can't be read, and the options say that none may be left out.

    Attributes:
        path: of the file.
        reason: why it can't be read.
    """

    def __init__(self, message: str, path: str, reason: str) -> None:
        super().__init__(message)
        self.path = path
        self.reason = reason


class LostStateError(TerminalError):
    """What a stream remembers is gone while its table still holds what it wrote."""


class SchemaInferenceError(TerminalError):
    """A schema was to be inferred and there was nothing to infer it from."""
