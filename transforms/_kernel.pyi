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

class Grouping:
    """Which cell each row is in, -1 for none. Numbers are bytes, 32 bits each; `len` is the number of cells."""

    def __init__(self, rows: int) -> None:
        """All rows in one cell."""

    def __len__(self) -> int: ...
    def of_row(self) -> bytes:
        """The cell of each row."""

    def divided(self, codes: bytes, width: int, admitted: bytes | None = None) -> tuple[Grouping, bytes, bytes]:
        """The cells divided by codes below `width`, and of each new cell the one above and its code, in the order of these.

        Rows of cells that are not `admitted` (a byte each, 0 or 1) are left out.
        """

    def placed(self, codes: bytes, width: int, above: bytes, own: bytes) -> Grouping:
        """The rows by known cells alone: each has those of one cell here, `above`, with one code, its `own`, if neither is -1."""

    def outside(self, other: Grouping, chosen: bytes) -> Grouping:
        """The rows of chosen cells (a byte each, 0 or 1) that are in no cell of the other grouping."""

class Units:
    """Rows in the order of their networks, in these of their addresses, and in these of their visitors."""

    def __init__(self, networks: bytes, addresses: bytes, visitors: bytes) -> None:
        """The numbers of each row, which rise."""

    def counts(self, grouping: Grouping, caps: bytes) -> tuple[bytes, bytes, bytes, bytes]:
        """Of each cell: rows, visitors, addresses (of each network at most the cell's cap), and rows of its largest address."""

class Absorbed:
    """Which cell absorbs each row, and of which part the row is."""

    def __init__(self, failing: Grouping, own: bytes, before: Absorbed | None, passed: bytes) -> None:
        """Rows of the failing cell i are absorbed by the cell `own[i]` (-1: by none), as the part of bit 0.

        Those that a cell j has absorbed before go on to `passed[j]`, and the bit of their part moves up by one.
        """

    def visitors(self, units: Units, own: Grouping) -> tuple[bytes, bytes, bytes]:
        """Absorbing cells, sets of parts, and how many visitors are in the cell by absorbed rows of exactly these parts alone.

        `own` are the cells' own rows. Ordered by cell and set.
        """

def partition(networks: bytes, owners: bytes, shards: int) -> tuple[bytes, bytes, bytes, bytes]:
    """Visitors by shard (the key of its network, 64 bits, modulo shards): their order, and of each its number of hits.

    Then the hits in the order of their visitors (`owners` says whose each is), and the number of visitors of each shard.
    """

def prepared(
    dates: bytes, networks: bytes, addresses: bytes, visitors: bytes, lengths: bytes, seconds: bytes
) -> tuple[bytes, bytes, bytes, tuple[bytes, bytes, bytes], list[tuple[int, int]]]:
    """Hits by date, network, address, visitor and second, from rows of visitors with keys of 64 bits.

    `lengths` says how many hits each row has; they follow those of the row before. Returns the rows of visitors in order, and of
    each hit in order: the place of its visitor's row there; its number; the numbers of its network, address and visitor, which
    rise by one from 1. Then of each date its first hit.
    """

def used_codes(codes: bytes, width: int) -> tuple[bytes, bytes] | None:
    """The codes of those values alone that a row has, and these values, by their first rows; None if all of them are there."""

def keys(secret: bytes, person: bytes, messages: list[bytes]) -> bytes:
    """Keyed BLAKE2b: 8 bytes for each message. `ValueError` if the secret has more than 64 bytes, or `person` more than 16."""

def panics(text: bytes) -> None:
    """Fail as a defect would, with a message that quotes `text`; raises `KernelError`, always."""
