"""How a text file of columns is written: its encoding, what separates columns, and the mark of decimals."""

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinygmp.errors import DataError

DELIMITERS = "\t;,|"  # a comma may be a decimal mark where one of those before it separates
LINES_TRIED = 50
MARKS = (  # the longer ones first: that of UTF-16 begins that of UTF-32
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
LEGACY = ["cp1252", "latin_1", "mac_roman", "cp437", "cp1250", "cp1251", "shift_jis", "gb18030", "euc_kr"]
USUAL = "°²³µ±·äöüÄÖÜßàâçéèêëîïôûùñåøæÅØÆ–€"  # of western names of columns and their units
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
COMMA_NUMBER = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*")
POINT_NUMBER = re.compile(r"\s*[+-]?\d*\.\d+([eE][+-]?\d+)?\s*")
REMEDY = "save it as CSV in UTF-8"


@dataclass(frozen=True)
class Cells:
    """The rows of a text file that are not empty, with their numbers from 1 as an editor shows them.

    decimal_commas: numbers were written with a comma, and hold a point now.
    """

    rows: list[tuple[int, list[str]]]
    decimal_commas: bool


def read_cells(path: Path) -> Cells:
    """Return the cells of a text file; raises DataError with the place and the remedy."""
    lines = text_of(path).splitlines()
    skipped, delimiter = preamble(lines)
    if delimiter is None:
        delimiter = delimiter_of([line for line in lines[skipped:] if line.strip()][:LINES_TRIED])
    reader = csv.reader(lines[skipped:], delimiter=delimiter, skipinitialspace=delimiter == " ")
    try:
        rows = [(skipped + reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DataError(f"'{path}' row {skipped + reader.line_num}: {error}; save it as CSV again") from error
    if delimiter == ",":
        check_torn_decimals(path, rows)
    return with_points(path, rows)


def text_of(path: Path) -> str:
    """Return a file's text: by its mark, as UTF-8, or in the older encoding that it most likely is."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"'{path}' cannot be read: {error.strerror}") from error
    try:
        text = decoded(content)
    except UnicodeDecodeError as error:
        raise DataError(
            f"'{path}' is not a text file in UTF-8 or UTF-16 ({error.reason}); {REMEDY}"
        ) from error
    if found := CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise DataError(
            f"'{path}' line {line} holds the byte {ord(found[0]):#04x}: it is not a text file in UTF-8; {REMEDY}"
        )
    return text


def decoded(content: bytes) -> str:
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return content.decode(encoding)
    if (
        (head := content[:1000]).count(0) >= len(head) // 3 > 0
    ):  # of UTF-16 without a mark, every other byte is 0
        return content.decode("utf-16-le" if head[1] == 0 else "utf-16-be")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        western = content.decode("cp1252", errors="replace")
        if all(letter in USUAL for letter in western if ord(letter) > 127):
            return western
        best = from_bytes(content, cp_isolation=LEGACY).best()
        if best is None:
            raise
        return str(best)


def preamble(lines: Sequence[str]) -> tuple[int, str | None]:
    """Return how many lines stand before the table, comments and Excel's 'sep=;', and the separator that it names."""
    skipped, named = 0, None
    for line in lines:
        if found := re.fullmatch(r'\s*"?sep=(.)"?\s*', line):
            named = found[1]
        elif not line.lstrip().startswith("#"):
            break
        skipped += 1
    return skipped, named


def delimiter_of(lines: Sequence[str]) -> str:
    """Return what separates the columns of some lines: the first that is in each of them equally often, or nearly.

    A comma that separates is never fewer than a semicolon or tabulator that does; the other way round it is a decimal
    mark. Blanks separate where nothing else does.
    """
    for delimiter in DELIMITERS:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        usual = max(set(counts), key=counts.count, default=1)
        if usual > 1 and 2 * counts.count(usual) > len(counts):
            return delimiter
    if lines and all(len(line.split()) == len(lines[0].split()) > 1 for line in lines):
        return " "
    return max(DELIMITERS, key=lines[0].count) if lines else ","


def check_torn_decimals(path: Path, rows: Sequence[tuple[int, list[str]]]) -> None:
    """Raise DataError where commas separate columns and decimals alike: no reader can tell them apart."""
    if len(rows) < 2:
        return
    (_, head), (line, first) = rows[0], rows[1]
    whole = all(re.fullmatch(r"\s*-?\d+\s*", cell) for cell in first)
    if whole and len(head) < len(first) <= 2 * len(head):
        raise DataError(
            f"'{path}' row {line}: {len(first)} whole numbers for {len(head)} columns ({', '.join(head)}): commas "
            "seem to separate the columns and the decimals; save it with semicolons between columns, or with decimal "
            "points"
        )


def with_points(path: Path, rows: list[tuple[int, list[str]]]) -> Cells:
    """Return rows whose decimal commas are points; raises DataError where both marks are used."""
    commas = points = None
    for line, row in rows:
        for cell in row:
            if "," in cell and COMMA_NUMBER.fullmatch(cell):
                commas = commas or (line, cell)
            elif commas and "." in cell and POINT_NUMBER.fullmatch(cell):
                points = points or (line, cell)
    if commas is None:
        return Cells(rows, False)
    if points is not None:
        raise DataError(
            f"'{path}' row {commas[0]} holds '{commas[1].strip()}' and row {points[0]} '{points[1].strip()}': decimal "
            "commas and decimal points in one file; write all with a point"
        )
    return Cells([(line, [pointed(cell) for cell in row]) for line, row in rows], True)


def pointed(cell: str) -> str:
    return cell.replace(",", ".") if "," in cell and COMMA_NUMBER.fullmatch(cell) else cell
