"""The native kernel: kernel/binding, compiled. Each function releases the interpreter's lock; inputs and outputs are `bytes`."""

class KernelError(RuntimeError):
    """A defect of the kernel, by its place in the source. Its message holds nothing of the log."""

Field = tuple[str, int | None, str | None]
"""Of a field the value of its Shape, the number of its column if it is kept, and the expression of its values."""

class Envelope:
    """What stands around each line of a log."""

    @staticmethod
    def prefix(pattern: str) -> Envelope:
        """What an expression matches at the line's beginning; `ValueError` where it cannot be compiled."""

    @staticmethod
    def docker() -> Envelope:
        """The object in which Docker's driver json-file stores a line."""

    def bare(self, line: bytes) -> bytes:
        """The line as its server wrote it."""

class Reader:
    """A log format, compiled. `messages` are expressions, anchored at their beginning, of lines about no request.

    An expression is one over bytes, without assertions that look around; `ValueError` where it cannot be compiled.
    """

    @staticmethod
    def delimited(
        fields: list[Field],
        columns: int,
        separator: str,
        quotes: str,
        *,
        or_loose: bool,
        more: bool,
        backslash: bool,
        messages: list[str],
    ) -> Reader:
        """Fields between single separators; behind the column of a `time` stands that of its zone.

        `quotes` says how a quote in quotes is written: `escaped`, `doubled`, or `absent`; `or_loose` that lines are tried with
        unescaped ones next. `more` fields may follow.
        """

    @staticmethod
    def expression(
        pattern: str, columns: list[str], *, loose: list[Field] | None, more: bool, backslash: bool, messages: list[str]
    ) -> Reader:
        """One expression for the whole line, with a named group for each column; else the line is tried by the fields `loose`."""

    @staticmethod
    def w3c(fields: list[tuple[int | None, str | None]], separator: str, messages: list[str]) -> Reader:
        """The fields of a header: the number of the column, and the expression of its values."""

    @staticmethod
    def json(paths: list[list[list[str]]], time: int, host: int, of_requests: list[int], messages: list[str]) -> Reader:
        """Objects: for each column the paths to its value, the preferred one first; the numbers of the columns of the time and
        of the remote host; and of those that a request has: an object without any of them may be a message.

        Two columns stand behind these: the zone of a time such as Apache's, and how the time is written (`clf`, `epoch`, `iso`).
        """

    def read(
        self, block: bytes, first_of_file: bool, envelope: Envelope | None = None
    ) -> tuple[int, bytes, list[tuple[bytes, bytes, bytes, int]], list[tuple[int, str]]]:
        """The number of lines; where the line of each row begins (64 bits each); the columns; where each other line begins, and
        its reason.

        A column is: for each row the number of its text (32 bits, -1 for none), where the texts begin and end (32 bits, one more
        than texts), the texts in UTF-8, each different from the others, and how many rows have none.
        """

def panics(text: bytes) -> None:
    """Fail as a defect would, with a message that quotes `text`; raises `KernelError`, always."""
