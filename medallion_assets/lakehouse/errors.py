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


class MachineError(TerminalError):
    """The machine lacks what is needed: Java, the right packages, the network."""


class TableLockedError(TransientError):
    """Another run is writing the table."""


class CheckpointInUseError(TerminalError):
    """A checkpoint belongs to another stream."""


class ExpectationFailedError(TerminalError):
    """A row broke an `expect_or_fail` rule: the micro-batch wrote nothing.

    Attributes:
        rule: the name of the rule.
    """

    def __init__(self, message: str, rule: str) -> None:
        super().__init__(message)
        self.rule = rule


class SchemaChangedError(TerminalError):
    """New fields arrived and the schema evolution mode says to fail."""


class UnknownFieldError(TransientError):
    """New fields arrived and were stored; the next run goes on with them."""


class FileUnreadableError(TerminalError):
    """A file can't be read, and the options say that none may be left out."""


class LostStateError(TerminalError):
    """What a stream remembers is gone while its table still holds what it wrote."""


class SchemaInferenceError(TerminalError):
    """A schema was to be inferred and there was nothing to infer it from."""
