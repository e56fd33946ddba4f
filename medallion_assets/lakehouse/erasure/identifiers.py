"""What the people to erase go by."""

from __future__ import annotations

from dataclasses import dataclass

from medallion_assets.lakehouse.errors import OptionError


@dataclass(frozen=True)
class Identifier:
    """A name that tables declare as their `data_subject`, and a person's value of it.

    Args:
        name: such as `customer_id`.
        value: as text; each table reads it as the type it has there.
    """

    name: str
    value: str

    @classmethod
    def parse(cls, said: str) -> Identifier:
        """The identifier in `customer_id=42`.

        Raises:
            OptionError: it is none.
        """
        name, equals, value = said.partition("=")
        if not (name.isidentifier() and equals and value):
            raise OptionError(
                f"{said!r} does not say whom to erase: give a name that tables declare as their "
                "data_subject and the person's value, as in customer_id=42."
            )
        return cls(name, value)
