"""A bureau's files as rows that know where they stand, and what is wrong with them.

Rows   numbered as an editor shows lines: the header is 1; a quoted cell may span several
Text   UTF-8, with or without a byte order mark; cells lose the blanks around them
Errors gathered, never raised: whoever hands in a folder wants to hear of all of them at once
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from doorstep.kit.documents import Stored

M = TypeVar("M", bound=Stored)

_LARGEST: Final = 2**31 - 1
_LONGEST_CELL: Final = 500
_NOT_UTF8: Final = "this is not UTF-8 (spreadsheets: save as “CSV UTF-8”)"


@dataclass(frozen=True, order=True)
class RowError:
    """One thing to mend. Row 0 and an empty column mean the file as a whole."""

    file: str
    row: int
    column: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.row}" if self.row else self.file
        return (
            f"{place}: {self.column}: {self.message}" if self.column else f"{place}: {self.message}"
        )


Findings = list[RowError]


@dataclass(frozen=True)
class Row:
    """One line of one file. What is found wrong with it goes into `findings`."""

    file: str
    number: int
    cells: Mapping[str, Any]
    findings: Findings

    def __getitem__(self, column: str) -> str:
        """The cell's text; "" when it is empty or no text at all."""
        cell = self.cells.get(column)
        return cell if isinstance(cell, str) else ""

    @property
    def place(self) -> str:
        return f"{self.file} row {self.number}"

    def wrong(self, column: str, message: str) -> None:
        self.findings.append(RowError(self.file, self.number, column, message))

    def fits(self, column: str, pattern: str, message: str) -> None:
        """An empty cell is somebody else's question."""
        if self[column] and not re.fullmatch(pattern, self[column], re.ASCII):
            self.wrong(column, message)

    def parts(self, column: str) -> list[str]:
        """ "A|B" as two."""
        return [part.strip() for part in self[column].split("|")] if self[column] else []

    def taken(self, *columns: str) -> dict[str, Any]:
        """The cells that are not empty, so that a model's own default holds for the others."""
        return {c: cell for c in columns if (cell := self.cells.get(c)) not in (None, "")}

    def made(self, model: type[M], fields: Mapping[str, Any]) -> M | None:
        """The document these fields make. None: they make none, and the findings say why."""
        try:
            thing = model.model_validate(fields)
        except ValidationError as error:
            for problem in error.errors():
                self.wrong(self._column(problem["loc"]), _said(problem))
            return None
        for name, value in thing:
            if isinstance(value, int) and abs(value) > _LARGEST:
                self.wrong(name, f"is larger than {_LARGEST}")
                return None
        return thing

    def _column(self, path: Sequence[str | int]) -> str:
        named = [part for part in path if part in self.cells]
        return str(named[-1] if named else path[0])


def _said(problem: ErrorDetails) -> str:
    if problem["type"] == "missing":
        return "is empty"
    return problem["msg"].removeprefix("Value error, ")


# ------------------------------------------------------------ files


def read_text(file: Path, findings: Findings) -> str | None:
    """None: there is no such file, or it is not UTF-8."""
    if not file.exists():
        return None
    raw = file.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        findings.append(RowError(file.name, line, "", _NOT_UTF8))
        return None


def read_rows(file: Path, columns: Sequence[str], findings: Findings) -> list[Row]:
    """The rows of a CSV file, if it has all of `columns`. Columns we do not know are left alone."""
    text = read_text(file, findings)
    if text is None:
        return []

    def complain(row: int, column: str, message: str) -> None:
        findings.append(RowError(file.name, row, column, message))

    lines = _lines(text, complain)
    first, header = next(lines, (1, []))
    names = [name.strip() for name in header]
    absent = [column for column in columns if column not in names]
    for column in absent:
        complain(first, column, "this column is missing")
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        complain(first, name, "this column stands there twice")
    if absent:
        return []
    return list(_rows(file.name, names, lines, findings))


def _lines(text: str, complain: Callable[[int, str, str], None]) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        complain(start, "", f"cannot be read as CSV: {error}")


def _rows(
    file: str, names: list[str], lines: Iterator[tuple[int, list[str]]], findings: Findings
) -> Iterator[Row]:
    for number, cells in lines:
        row = Row(
            file, number, dict(zip(names, (cell.strip() for cell in cells), strict=False)), findings
        )
        if len(cells) != len(names):
            row.wrong("", f"has {len(cells)} cells where the header has {len(names)}")
        else:
            check_text(row)
            yield row


def check_text(row: Row) -> None:
    """Nothing that cannot be shown, and no cell that has swallowed its neighbours."""
    for column, cell in row.cells.items():
        if not isinstance(cell, str):
            continue
        if not cell.isprintable():
            row.wrong(column, "holds a character that cannot be shown")
        if len(cell) > _LONGEST_CELL:
            row.wrong(column, f"is longer than {_LONGEST_CELL} characters")
