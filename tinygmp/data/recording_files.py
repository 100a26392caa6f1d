"""Where recordings lie: the files of a folder, and what their places and names tell of class and person."""

from pathlib import Path

from tinygmp.data.recordings import GroupBy
from tinygmp.data.table import ARROW_SUFFIXES, CSV_SUFFIXES
from tinygmp.errors import DataError


def class_files(folder: Path) -> list[Path]:
    """Return the recordings below folder/<class>/, however deep; raises DataError when there are none."""
    files = [path for sub in visible(folder) if sub.is_dir() for path in files_below(sub) if is_table(path)]
    if not files:
        raise DataError(
            f"no recordings in '{folder}'; expected {folder}/<class>/<recording>.csv, one folder a class"
        )
    return files


def files_below(folder: Path) -> list[Path]:
    """Return every visible file below a folder, in sorted order; links to folders are not followed."""
    found = []
    for entry in visible(folder):
        if entry.is_dir() and not entry.is_symlink():
            found += files_below(entry)
        elif entry.is_file():
            found.append(entry)
    return found


def table_files(path: Path) -> list[Path]:
    """Return the file itself, or the tables right inside a folder; raises DataError when there are none."""
    files = [path] if path.is_file() else [entry for entry in visible(path) if is_table(entry)]
    if not files:
        raise DataError(f"no tables in '{path}'; expected .csv or .parquet files with a label column")
    return files


def class_of(folder: Path, path: Path) -> str:
    """Return the class of folder/<class>/.../<file>."""
    return path.relative_to(folder).parts[0]


def group_of(folder: Path, path: Path, group_by: GroupBy) -> str:
    """Return whom a file belongs to: by its name, by the folder within its class, or itself."""
    if group_by == "file-prefix":
        return name_parts(path)[0]
    if group_by == "file-suffix":
        return name_parts(path)[-1]
    inner = path.relative_to(folder).parts[1:-1]
    return inner[0] if group_by == "folder" and inner else str(path.relative_to(folder))


def name_parts(path: Path) -> list[str]:
    """Return a file's name without its ending, cut at each '_' and '-'."""
    return path.stem.replace("-", "_").split("_")


def visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "SYNTHETIC")))


def is_table(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in CSV_SUFFIXES + ARROW_SUFFIXES
