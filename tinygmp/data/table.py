"""Tables of recordings: CSV, and Parquet or Arrow where pyarrow is installed. Every complaint names row and column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.data.dialect import read_cells
from tinygmp.errors import DataError, MissingToolError
from tinygmp.foreign import reads

CSV_SUFFIXES = (".csv", ".tsv", ".txt")
ARROW_SUFFIXES = (".parquet", ".arrow", ".feather")
FLOAT32_LIMIT = float(np.finfo(np.float32).max)
EMPTY = ("", "nan", "na", "n/a", "null", "none", "nil", "#n/a", "-")


@dataclass(frozen=True)
class Table:
    """Columns of one file by name; `rows` are the file's own row numbers, from 1, as an editor shows them."""

    path: Path
    columns: Mapping[str, Sequence[Any]]
    rows: Sequence[int]
    decimal_commas: bool = False

    def column(self, name: str) -> Sequence[Any]:
        """Return one column; raises DataError when the file has none of that name."""
        if name not in self.columns:
            raise DataError(
                f"'{self.path}': column '{name}' is missing; it has {', '.join(self.columns)}; correct the file, or "
                "the names in the recipe"
            )
        return self.columns[name]

    def numbers(self, names: Sequence[str], fill_gap_rows: int | None = 0) -> np.ndarray:
        """Return float32 [rows, len(names)]; raises DataError naming the first cell that is no finite number.

        fill_gap_rows: up to so many empty cells in a run become a straight line between their neighbours; None: any.
        """
        values = np.empty((len(self.rows), len(names)), np.float32)
        for index, name in enumerate(names):
            cells = self.column(name)
            try:
                with np.errstate(over="ignore"):  # infinite is told below
                    values[:, index] = np.asarray(cells, dtype=np.float64)
            except (TypeError, ValueError):
                values[:, index] = self.with_holes(name, cells)
            if fill_gap_rows != 0:
                values[:, index] = filled(values[:, index], fill_gap_rows)
            if not np.isfinite(values[:, index]).all():
                self.complain_of_cell(name, cells)
        return values

    def with_holes(self, name: str, cells: Sequence[Any]) -> np.ndarray:
        """Return a column with NaN for empty cells; raises DataError for any other that is no number."""
        try:
            return np.array([np.nan if is_empty(cell) else float(cell) for cell in cells], np.float64)
        except (TypeError, ValueError):
            self.complain_of_cell(name, [0 if is_empty(cell) else cell for cell in cells])
            raise

    def first_hole(self, names: Sequence[str]) -> tuple[str, int] | None:
        """Return place and number of a table's empty cells, None where there are none."""
        holes = [
            (row, name, cell)
            for name in names if not is_whole(self.column(name))
            for row, cell in zip(self.rows, self.column(name), strict=True) if is_empty(cell)
        ]  # fmt: skip
        if not holes:
            return None
        row, name, cell = min(holes, key=lambda hole: hole[0])
        return f"'{self.path}' row {row}, column '{name}': {shown(cell)}", len(holes)

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


def is_whole(cells: Sequence[Any]) -> bool:
    """Tell, quickly, whether every cell is a number."""
    try:
        return not np.isnan(np.asarray(cells, np.float64)).any()
    except (TypeError, ValueError):
        return False


def is_empty(cell: Any) -> bool:
    """Tell whether a cell holds no value: nothing, or what programs write for that."""
    return cell is None or str(cell).strip().lower() in EMPTY


def filled(values: np.ndarray, most: int | None) -> np.ndarray:
    """Return values with NaN of at most so many in a run replaced by a straight line between their neighbours."""
    holes = np.isnan(values)
    if not holes.any() or holes.all():
        return values
    there = np.flatnonzero(~holes)
    lines = np.interp(np.arange(len(values)), there, values[there])
    edges = np.flatnonzero(np.diff(np.concatenate(([False], holes, [False])).astype(np.int8)))
    kept = values.copy()
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        inside = start > 0 and end < len(values)
        if most is None or (inside and end - start <= most):
            kept[start:end] = lines[start:end]
    return kept


def is_number(cell: Any) -> bool:
    try:
        return abs(float(cell)) <= FLOAT32_LIMIT
    except (TypeError, ValueError, OverflowError):
        return False


def shown(cell: Any) -> str:
    return "an empty cell" if cell is None or not str(cell).strip() else f"'{str(cell)[:40]}'"


def remedy_of(cell: Any) -> str:
    if is_empty(cell):
        return (
            "delete the row, let fill_gap_rows under [data] in the recipe fill short gaps, or leave the column out "
            "of 'channels' there"
        )
    return "delete the row, fill the gap, or leave the column out of 'channels' in the recipe"


@reads("a table", "save it as CSV")
def read_table(path: Path) -> Table:
    """Return the columns of a CSV, Parquet or Arrow file; raises DataError, or MissingToolError without pyarrow."""
    if path.suffix.lower() in ARROW_SUFFIXES:
        return read_arrow(path)
    return read_csv(path)


def read_csv(path: Path) -> Table:
    """Return the columns of a text file; without a head they are called c0, c1 ..."""
    found = read_cells(path)
    cells = found.rows
    if not cells:
        raise DataError(f"'{path}' is empty; record again, or delete the file")
    head = [cell.strip() for cell in cells[0][1]]
    if any(is_number(cell) for cell in head):
        head = [f"c{index}" for index in range(len(head))]
    else:
        cells = cells[1:]
    check_head(path, head)
    if not cells:
        raise DataError(f"'{path}' has a first row of names and no other; record again, or delete the file")
    for row, each in cells:
        if len(each) != len(head):
            raise DataError(
                f"'{path}' row {row}: {len(each)} columns, expected {len(head)} ({', '.join(head)}); the row is cut "
                "off or has a cell too many: correct or delete it"
            )
    columns = {name: [row[index] for _, row in cells] for index, name in enumerate(head)}
    return Table(path, columns, [row for row, _ in cells], found.decimal_commas)


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
