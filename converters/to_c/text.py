"""Text of others in C sources: in comments of either kind, and as string literals."""

PRINTABLE = range(0x20, 0x7F)


def comment_safe(text: object) -> str:
    """Return text on one line that ends no comment of either kind, begins none and continues no line."""
    shown = "".join(each if each.isprintable() else " " for each in str(text).replace("\\", "/"))
    return " ".join(shown.replace("*/", "* /").replace("/*", "/ *").replace("??/", "? ?/").split())


def c_string(text: object) -> str:
    """Return a C string literal: UTF-8, what is not ASCII in octal, which no digit behind it can lengthen.

    Line ends and other control characters become spaces, so that a label stays on its line.
    """
    return f'"{"".join(map(in_literal, str(text).encode("utf-8", "backslashreplace")))}"'


def in_literal(byte: int) -> str:
    if byte < PRINTABLE.start:
        return " "
    if chr(byte) in '"\\?':  # "??/" and the like would be trigraphs
        return f"\\{chr(byte)}"
    return chr(byte) if byte in PRINTABLE else f"\\{byte:03o}"
