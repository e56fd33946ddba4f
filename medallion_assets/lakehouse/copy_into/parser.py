"""The grammar of COPY INTO, over sqlglot's tokens.

sqlglot reads Databricks SQL, but of COPY INTO only what Snowflake's has too. So its tokenizer says
where names, strings and comments begin and end, its parser checks the expressions of the SELECT
list, and the clauses are read here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlglot import Token, TokenType, exp
from sqlglot.dialects.databricks import Databricks
from sqlglot.errors import ParseError, TokenError

from medallion_assets.lakehouse.autoloader.options.catalog import file_format
from medallion_assets.lakehouse.autoloader.options.modes import FileFormat
from medallion_assets.lakehouse.copy_into.statement import (
    ALL_ROWS,
    CopyInto,
    Expression,
    TableName,
    TablePath,
)
from medallion_assets.lakehouse.errors import OptionError, StatementError

MOST_FILES = 1000
_MOST_PARTS = 3
_STRINGS = frozenset({TokenType.STRING, TokenType.RAW_STRING})
_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_BEYOND = (exp.Query, exp.Window, exp.Placeholder, exp.Parameter)
_Item = TypeVar("_Item")


def parse(sql: str) -> CopyInto:
    """Parse one COPY INTO statement.

    Args:
        sql: the statement; a `;` may stand at its end.

    Raises:
        StatementError: it is not one; says where, in lines and characters, and why.
    """
    try:
        tokens = Databricks().tokenize(sql)
    except TokenError as error:
        raise StatementError(f"COPY INTO can't be read: {error}.", sql, len(sql)) from None
    return _Parser(sql, tokens).statement()


@dataclass
class _Parser:
    """Where in the tokens the parser is, and what it has found."""

    sql: str
    tokens: list[Token]
    index: int = 0
    seen: dict[str, object] = field(default_factory=dict)

    def statement(self) -> CopyInto:
        """The whole of it."""
        self._word("COPY")
        self._word("INTO")
        target = self._target()
        by_position, columns = self._columns()
        self._word("FROM")
        expressions, source = self._source()
        self._word("FILEFORMAT")
        self._token(TokenType.EQ, "=")
        format_ = self._format()
        clauses: dict[str, Callable[[], object]] = {
            "VALIDATE": self._validate,
            "FILES": self._files,
            "PATTERN": self._pattern,
            "FORMAT_OPTIONS": self._options,
            "COPY_OPTIONS": self._options,
        }
        while not self._at_end():
            self._clause(clauses)
        return CopyInto(
            target=target,
            source=source,
            file_format=format_,
            by_position=by_position,
            columns=columns,
            expressions=expressions,
            **{name.lower(): value for name, value in self.seen.items()},  # type: ignore[arg-type]
        )

    def _clause(self, clauses: dict[str, Callable[[], object]]) -> None:
        token = self._now()
        name = token.text.upper()
        if self._is_quoted(token) or name not in clauses:
            raise self._error(f"expected {', '.join(clauses)} or the end of the statement")
        if name in self.seen:
            raise self._error(f"{name} is given twice")
        other = {"FILES": "PATTERN", "PATTERN": "FILES"}.get(name)
        if other in self.seen:
            raise self._error(f"{name} does not go with {other}: give one of the two")
        self.index += 1
        self.seen[name] = clauses[name]()

    def _target(self) -> TableName | TablePath:
        parts = [self._name("a table")]
        while self._take(TokenType.DOT):
            parts.append(self._name("a table"))
        if len(parts) == 2 and parts[0].lower() == "delta":  # noqa: PLR2004
            return TablePath(parts[1])
        if len(parts) > _MOST_PARTS:
            raise self._error("a table's name has at most three parts", back=1)
        return TableName(tuple(parts))

    def _columns(self) -> tuple[bool, tuple[str, ...]]:
        if self._take_word("BY"):
            self._word("POSITION")
            return True, ()
        if self._now().token_type is not TokenType.L_PAREN:
            return False, ()
        return False, self._list(lambda: self._name("a column"))

    def _source(self) -> tuple[tuple[Expression, ...], str]:
        if not self._take(TokenType.L_PAREN):
            return (), self._location()
        self._word("SELECT")
        expressions = self._expressions()
        self._word("FROM")
        source = self._location()
        self._token(TokenType.R_PAREN, ")")
        return expressions, source

    def _location(self) -> str:
        at = self.index
        source = self._string("the source's path as a string")
        if not source.strip():
            self.index = at
            raise self._error("the source's path is empty")
        if self._take_word("WITH"):
            self.index -= 1
            raise self._error(
                "credentials and encryption are not part of a statement here, where logs would "
                "keep them. The session reads with its own: set them up with s3_settings() or "
                "Spark's Hadoop configuration"
            )
        return source

    def _expressions(self) -> tuple[Expression, ...]:
        found: list[Expression] = []
        start, depth = self.index, 0
        while True:
            token = self._now()
            if token.token_type in _OPENING:
                depth += 1
            elif token.token_type in _CLOSING:
                depth -= 1
            ends = depth == 0 and (
                token.token_type is TokenType.COMMA
                or (token.token_type is TokenType.FROM and not self._is_quoted(token))
            )
            if depth < 0 or self._at_end():
                raise self._error("expected FROM and the source's path after the SELECT list")
            if ends:
                found.append(self._expression(start, self.index))
                if token.token_type is TokenType.FROM:
                    return tuple(found)
                start = self.index + 1
            self.index += 1

    def _expression(self, start: int, end: int) -> Expression:
        tokens = self.tokens[start:end]
        if not tokens:
            raise self._error("expected an expression")
        try:
            parsed = (
                Databricks()
                .parser()
                .parse(
                    [_select(tokens[0]), *tokens],
                    self.sql,
                )
            )
        except ParseError as error:
            said = error.errors[0]
            at = next(
                (t for t in tokens if (t.line, t.col) == (said["line"], said["col"])), tokens[0]
            )
            reason = str(said["description"]).rstrip(".")
            raise StatementError(f"In the SELECT list: {reason}.", self.sql, at.start) from None
        only = parsed[0] if len(parsed) == 1 else None
        if not isinstance(only, exp.Select) or not _is_one_expression(only):
            raise StatementError(
                "In the SELECT list: only expressions over the source's columns can stand here, no "
                "other queries, no windows and no DISTINCT, WHERE, GROUP BY or the like.",
                self.sql,
                tokens[0].start,
            )
        text = self.sql[tokens[0].start : tokens[-1].end + 1]
        return Expression(text, tokens[0].start, aggregates=only.find(exp.AggFunc) is not None)

    def _format(self) -> FileFormat:
        at = self.index
        name = self._string("a format") if self._is_string() else self._name("a format")
        try:
            return file_format("FILEFORMAT", name)
        except OptionError as error:
            self.index = at
            raise self._error(str(error).rstrip(".")) from None

    def _validate(self) -> int | str:
        if self._take_word("ALL"):
            return ALL_ROWS
        if self._now().token_type is not TokenType.NUMBER:
            return ALL_ROWS
        rows = self._now().text
        if not rows.isdecimal() or int(rows) == 0:
            raise self._error("VALIDATE takes ALL or a number of rows above 0")
        self.index += 1
        self._word("ROWS")
        return int(rows)

    def _files(self) -> tuple[str, ...]:
        self._token(TokenType.EQ, "=")
        at = self.index
        files = self._list(lambda: self._string("the name of a file as a string"))
        if len(files) > MOST_FILES:
            self.index = at
            raise self._error(
                f"FILES has {len(files)} names and takes {MOST_FILES}: use PATTERN, or "
                "modifiedAfter and modifiedBefore in FORMAT_OPTIONS"
            )
        return files

    def _pattern(self) -> str:
        self._token(TokenType.EQ, "=")
        return self._string("a glob as a string")

    def _options(self) -> tuple[tuple[str, str], ...]:
        names: set[str] = set()

        def option() -> tuple[str, str]:
            name = self._string("") if self._is_string() else self._dotted("an option's name")
            if name.lower() in names:
                raise self._error(f"the option {name} is given twice", back=1)
            names.add(name.lower())
            self._token(TokenType.EQ, "=")
            return name, self._value()

        return self._list(option)

    def _value(self) -> str:
        token = self._now()
        if self._is_string():
            return self._string("")
        sign = "-" if self._take(TokenType.DASH) else ""
        token = self._now()
        plain = {TokenType.NUMBER} if sign else {TokenType.NUMBER, TokenType.TRUE, TokenType.FALSE}
        if self._at_end() or token.token_type not in plain:
            raise self._error("expected an option's value: a string, a number, true or false")
        self.index += 1
        return sign + (token.text if token.token_type is TokenType.NUMBER else token.text.lower())

    def _list(self, item: Callable[[], _Item]) -> tuple[_Item, ...]:
        self._token(TokenType.L_PAREN, "(")
        found = [item()]
        while self._take(TokenType.COMMA):
            found.append(item())
        self._token(TokenType.R_PAREN, ")")
        return tuple(found)

    def _dotted(self, what: str) -> str:
        parts = [self._name(what)]
        while self._take(TokenType.DOT):
            parts.append(self._name(what))
        return ".".join(parts)

    def _name(self, what: str) -> str:
        token, text = self._now(), self._now().text
        plain = text.replace("_", "a").isalnum() and not text[:1].isdecimal()
        if token.token_type is not TokenType.IDENTIFIER:
            text = text if plain and token.token_type not in _STRINGS else ""
        if self._at_end() or not text:
            raise self._error(f"expected the name of {what}")
        self.index += 1
        return text

    def _is_string(self) -> bool:
        return not self._at_end() and self._now().token_type in _STRINGS

    def _string(self, what: str) -> str:
        if not self._is_string():
            raise self._error(f"expected {what}")
        text = self._now().text
        self.index += 1
        while self._is_string():
            # Two literals side by side are one; without a space, the quote between them is meant.
            before, token = self.tokens[self.index - 1], self._now()
            touching = before.end + 1 == token.start
            text += (self.sql[token.start] if touching else "") + token.text
            self.index += 1
        return text

    def _now(self) -> Token:
        if self.index < len(self.tokens):
            return self.tokens[self.index]
        return Token(TokenType.SENTINEL, "", start=len(self.sql), end=len(self.sql))

    def _at_end(self) -> bool:
        token = self._now()
        if token.token_type is TokenType.SEMICOLON:
            if self.index + 1 < len(self.tokens):
                self.index += 1
                raise self._error("one statement at a time: nothing can stand after the ;")
            return True
        return self.index >= len(self.tokens)

    def _is_quoted(self, token: Token) -> bool:
        return token.token_type in _STRINGS or token.token_type is TokenType.IDENTIFIER

    def _is_word(self, word: str) -> bool:
        token = self._now()
        return not self._is_quoted(token) and token.text.upper() == word

    def _take_word(self, word: str) -> bool:
        found = self._is_word(word)
        self.index += found
        return found

    def _word(self, word: str) -> None:
        if not self._take_word(word):
            raise self._error(f"expected {word}")

    def _take(self, kind: TokenType) -> bool:
        found = self._now().token_type is kind
        self.index += found
        return found

    def _token(self, kind: TokenType, spelled: str) -> None:
        if not self._take(kind):
            raise self._error(f"expected {spelled}")

    def _error(self, reason: str, back: int = 0) -> StatementError:
        self.index -= back
        token = self._now()
        found = self.sql[token.start : token.end + 1]
        said = f", found {found}" if found and reason.startswith("expected") else ""
        return StatementError(f"{reason[0].upper()}{reason[1:]}{said}.", self.sql, token.start)


def _is_one_expression(select: exp.Select) -> bool:
    """Whether it is SELECT and one expression over the columns of one row, or of all."""
    clauses = {name for name, value in select.args.items() if value}
    beyond = [found for found in select.find_all(*_BEYOND) if found is not select]
    return clauses == {"expressions"} and len(select.expressions) == 1 and not beyond


def _select(before: Token) -> Token:
    """The word that makes an expression something sqlglot's parser takes by itself."""
    return Token(TokenType.SELECT, "SELECT", before.line, before.col, before.start, before.start)
