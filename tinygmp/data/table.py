"""Tables of recordings: CSV, and Parquet or Arrow where pyarrow is installed. Every complaint names row and column."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError, MissingToolError
from tinygmp.foreign import reads

CSV_SUFFIXES = (".csv", ".tsv", ".txt")
ARROW_SUFFIXES = (".parquet", ".arrow", ".feather")
DELIMITERS = ",;\t"
FLOAT32_LIMIT = float(np.finfo(np.float32).max)
DECIMAL_COMMA = re.compile(r"^\s*[+-]?\d+,\d+\s*$")


@dataclass(frozen=True)
class Table:
    """Columns of one file by name; `rows` are the file's own row numbers, from 1, as an editor shows them."""

    path: Path
    columns: Mapping[str, Sequence[Any]]
    rows: Sequence[int]

    def column(self, name: str) -> Sequence[Any]:
        """Return one column; raises DataError when the file has none of that name."""
        if name not in self.columns:
            raise DataError(
                f"'{self.path}': column '{name}' is missing; it has {', '.join(self.columns)}; "
                "correct the file, or the names in the recipe"
            )
        return self.columns[name]

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """Return float32 [rows, len(names)]; raises DataError naming the first cell that is no finite number."""
        values = np.empty((len(self.rows), len(names)), np.float32)
        for index, name in enumerate(names):
            cells = self.column(name)
            try:
                with np.errstate(over="ignore"):  # infinite is told below
                    values[:, index] = np.asarray(cells, dtype=np.float64)
            except (TypeError, ValueError):
                self.complain_of_cell(name, cells)
            if not np.isfinite(values[:, index]).all():
                self.complain_of_cell(name, cells)
        return values

    def complain_of_cell(self, name: str, cells: Sequence[Any]) -> None:
        """Raise DataError for the first cell of a column that is not a finite number of float32."""
        for row, cell in zip(self.rows, cells, strict=True):
            if not is_number(cell):
                raise DataError(
                    f"'{self.path}' row {row}, column '{name}': {shown(cell)} is not a number; {remedy_of(cell)}"
                )
        raise DataError(f"'{self.path}': column '{name}' cannot be read as numbers")

    def texts(self, name: str) -> list[str]:
        """Return a column as text; raises DataError for an empty cell."""
        cells = self.column(name)
        for row, cell in zip(self.rows, cells, strict=True):
            if cell is None or not str(cell).strip():
                raise DataError(
                    f"'{self.path}' row {row}, column '{name}': is empty; fill it in, or delete the row"
                )
        return [str(cell).strip() for cell in cells]


def is_number(cell: Any) -> bool:
    try:
        return abs(float(cell)) <= FLOAT32_LIMIT
    except (TypeError, ValueError, OverflowError):
        return False


def shown(cell: Any) -> str:
    return "an empty cell" if cell is None or not str(cell).strip() else f"'{str(cell)[:40]}'"


def remedy_of(cell: Any) -> str:
    if DECIMAL_COMMA.match(str(cell)):
        return "write decimals with a point, 0.5 instead of 0,5"
    return "delete the row, fill the gap, or leave the column out of 'channels' in the recipe"


@reads("a table", "save it as CSV")
def read_table(path: Path) -> Table:
    """Return the columns of a CSV, Parquet or Arrow file; raises DataError, or MissingToolError without pyarrow."""
    if path.suffix.lower() in ARROW_SUFFIXES:
        return read_arrow(path)
    return read_csv(path)


def read_csv(path: Path) -> Table:
    """Return the columns of a text file with comma, semicolon or tab; without a head they are called c0, c1 ..."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is not a text file in UTF-8 ({error.reason}); save it as CSV") from error
    except OSError as error:
        raise DataError(f"'{path}' cannot be read: {error.strerror}") from error
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    reader = csv.reader(lines, delimiter=max(DELIMITERS, key=first.count))
    try:
        cells = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DataError(f"'{path}' row {reader.line_num}: {error}; save it as CSV again") from error
    if not cells:
        raise DataError(f"'{path}' is empty; record again, or delete the file")
    head = [cell.strip() for cell in cells[0][1]]
    if any(is_number(cell) for cell in head):
        head = [f"c{index}" for index in range(len(head))]
    else:
        cells = cells[1:]
    check_head(path, head)
    for row, found in cells:
        if len(found) != len(head):
            raise DataError(
                f"'{path}' row {row}: {len(found)} columns, expected {len(head)} ({', '.join(head)}); "
                "the row is cut off or has a cell too many: correct or delete it"
            )
    columns = {name: [row[index] for _, row in cells] for index, name in enumerate(head)}
    return Table(path, columns, [row for row, _ in cells])


def check_head(path: Path, head: Sequence[str]) -> None:
    twice = sorted({name for name in head if head.count(name) > 1})
    if twice:
        raise DataError(f"'{path}': column name '{twice[0]}' occurs twice in the first row; rename one")


def read_arrow(path: Path) -> Table:
    try:
        from pyarrow import ArrowException, feather, parquet
    except ImportError as error:
        raise MissingToolError(
            f"'{path}' needs pyarrow: python -m pip install 'tinygmp[arrow]', or save the table as CSV"
        ) from error
    try:
        read = parquet.read_table if path.suffix.lower() == ".parquet" else feather.read_table
        table = read(path)
    except (ArrowException, OSError, ValueError) as error:
        raise DataError(f"'{path}' cannot be read: {error}") from error
    check_head(path, table.column_names)
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    return Table(path, columns, range(1, table.num_rows + 1))
