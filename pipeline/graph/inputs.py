"""Resolves the patterns of --input to the files to read: size, compression and log format of each, without duplicates."""

from __future__ import annotations

import glob
import io
import itertools
import os
import stat
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import IO, Any, cast

from pipeline import stores
from pipeline.config.patterns import Pattern
from pipeline.errors import EXIT_INPUT, EXIT_USAGE, JobError
from pipeline.graph.job import InputFile
from pipeline.graph.unread import NOTHING, STDIN, reading, unknown_format
from transforms.columns import Seconds
from transforms.errors import translated
from transforms.formats import w3c
from transforms.formats.registry import FORMATS, format_of
from transforms.parsing import read
from transforms.parsing.detect import SAMPLE_BYTES, Detection, as_in, detect, sample_lines
from transforms.parsing.offsets import stated_offsets
from transforms.parsing.rows import MAX_LINE_BYTES

AUTO = "auto"

_STORED_HEAD_BYTES = 1 << 20  # holds the first block of a bz2 file
_SAME_HEAD_BYTES = 4_096
_COMPARED_BYTES, _PLACES = 64 << 10, 8  # of two files that begin alike
_ALL_HEADS_BYTES = 32 << 20
_FEW_SAMPLES = 5
_read_from_stdin: list[bytes] = []


@dataclass(frozen=True, slots=True)
class Found:
    """One input file, and what its first bytes say: why it is taken for its format, and how long its lines are.

    `detection` is None where --format says the format, or the file is empty; `head` are whole lines, if its first bytes hold one;
    `held` is about how many bytes of lines it holds, without holes and decompressed, and `lines` how many lines these are.
    """

    file: InputFile
    detection: Detection | None
    head: bytes
    held: int
    lines: int

    @property
    def empty(self) -> bool:
        """Whether the file holds nothing at all."""
        return not self.head

    def stated_offsets(self) -> tuple[Seconds, Seconds]:
        """The times of its first lines that state an offset from UTC, and the offsets; see `transforms.parsing.offsets`."""
        return stated_offsets(sample_lines(self.head, complete=False), format_of(self.file.format))

    def shortened(self, most: int) -> Found:
        """The same with a head of so many bytes at most, or of one line."""
        end = self.head.rfind(b"\n", 0, most) + 1 or self.head.find(b"\n") + 1
        return replace(self, head=self.head[:end]) if len(self.head) > most and end > 0 else self


def find_inputs(patterns: Iterable[Pattern], log_format: str = AUTO, all_columns: bool = False) -> list[Found]:
    """Match the patterns and look into each file; empty ones are among them. `-` is the standard input.

    With `all_columns` a JSON format has all its columns, also where no line of a file's sample has some: so no line decides that.
    """
    if log_format != AUTO:
        try:
            format_of(log_format)
        except ValueError as error:
            raise JobError(EXIT_USAGE, "usage", f"--format: {error}.") from None
    files = match(patterns)
    # The heads of all files are kept to the end of the run, so of many files each has a short one.
    most = max(_SAME_HEAD_BYTES, min(SAMPLE_BYTES, _ALL_HEADS_BYTES // max(len(files), 1)))
    found = [look_into(file, log_format, all_columns).shortened(most) for file in files]
    _refuse_same_file(each for each in found if not each.empty)
    return found


def match(patterns: Iterable[Pattern]) -> list[InputFile]:
    """The files that match the patterns, by path, without duplicates. Their contents are not read yet."""
    files: dict[str, InputFile] = {}
    for each in patterns:
        pattern = each.files
        if pattern == STDIN:
            matched = [InputFile(STDIN, 0, read.PLAIN, AUTO, local=True)]
        else:
            matched = _match_remote(pattern) if "://" in pattern else _match_local(pattern)
        if not matched:
            message = f"{pattern}: no file matches. Is the path right, and may this user look into the folder?"
            raise JobError(EXIT_INPUT, "missing", message)
        for file in matched:
            known = files.setdefault(file.path, replace(file, site=each.site))
            if known.site is None:
                files[file.path] = replace(known, site=each.site)
            elif each.site not in (None, known.site):
                message = f"--input: {file.path} is given to {known.site} and to {each.site}. Name each file for one site."
                raise JobError(EXIT_USAGE, "two_sites", message)
    return [file for _, file in sorted(files.items())]


def _match_local(pattern: str) -> list[InputFile]:
    paths = [pattern] if os.path.exists(pattern) else sorted(glob.glob(pattern, recursive=True))
    files = []
    for path in paths:
        try:
            path.encode()
        except UnicodeEncodeError:
            shown = os.fsencode(path).decode("utf-8", "backslashreplace")
            raise JobError(EXIT_INPUT, "file_name", f"{shown}: the name is not UTF-8. Rename the file.") from None
        if os.path.isdir(path):
            if path == pattern:
                raise JobError(
                    EXIT_INPUT, "directory", f"{path}: is a directory. Name its files, as in {os.path.join(path, '*')}"
                )
            continue
        with reading(path):
            status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise JobError(EXIT_INPUT, "not_a_file", f"{path}: is not a file. Pipe it to the standard input and say --input -")
        files.append(InputFile(path, status.st_size, read.PLAIN, AUTO, local=True, identity=(status.st_dev, status.st_ino)))
    return files


def _match_remote(pattern: str) -> list[InputFile]:
    missing = stores.missing_extra(pattern)
    if missing:
        raise JobError(EXIT_INPUT, "missing", f"{pattern}: {missing}")

    def unlisted(error: Exception) -> JobError | None:
        message = f"{pattern}: cannot be listed: {stores.described(error)}{NOTHING}"
        return JobError(EXIT_INPUT, "missing", message) if isinstance(error, ValueError) or stores.is_failure(error) else None

    with translated(Exception, unlisted):
        stores.check(pattern)
        (result,) = stores.file_systems().match([pattern])
    return [
        InputFile(match.path, match.size_in_bytes, read.PLAIN, AUTO, local=False)
        for match in result.metadata_list
        if not match.path.endswith("/")
    ]


def _refuse_same_file(found: Iterable[Found]) -> None:
    """Refuse the same file under two names, or a copy of it, perhaps compressed or cut short: its lines would count twice."""
    found = tuple(found)
    paths: dict[tuple[int, int], str] = {}
    twice = [(paths.setdefault(mark, each.file.path), each.file.path) for each in found if (mark := each.file.identity)]
    # Of heads in order, one that another begins with stands right before it.
    pairs = itertools.pairwise(sorted(found, key=lambda each: each.head))
    twice += [(one.file.path, other.file.path) for one, other in pairs if _begin_alike(one, other) and _are_alike(one, other)]
    for first, second in map(sorted, twice):
        if first != second:
            message = (
                f"{first} and {second} begin with the same lines, which would count twice. Name one of them. If they are two "
                "logs that only begin alike, join them: cat FIRST SECOND | weblog-anonymizer run --input - …"
            )
            raise JobError(EXIT_INPUT, "same_file", message)


def _begin_alike(first: Found, second: Found) -> bool:
    size = min(len(first.head), len(second.head))
    return first.head == second.head or (size >= _SAME_HEAD_BYTES and first.head[:size] == second.head[:size])


def _are_alike(first: Found, second: Found) -> bool:
    """Whether files with the same head have the same first MiB, and two plain ones the same in places up to the shorter's end."""
    files = (first.file, second.file)
    if STDIN in (first.file.path, second.file.path):
        return True
    with reading(first.file.path):
        begins = [_begin_of(file) for file in files]
    size = min(map(len, begins))
    if begins[0][:size] != begins[1][:size]:
        return False
    if not all(file.local and file.compression == read.PLAIN for file in files):
        return True
    end = min(file.size for file in files)
    last = max(end - _COMPARED_BYTES, 0)
    places = (*range(size, last, max((last - size) // _PLACES, 1)), last)
    with open_input(files[0]) as one, open_input(files[1]) as other:
        return all(_bytes_at(one, place, end) == _bytes_at(other, place, end) for place in places)


def _begin_of(file: InputFile) -> bytes:
    """The first MiB, or nothing if so many stored bytes do not give it."""
    try:
        return next(read.decompressed(io.BytesIO(_stored_head(file, _STORED_HEAD_BYTES)), file.compression), b"")
    except read.UnreadableError:
        return b""


def _bytes_at(stream: IO[bytes], place: int, end: int) -> bytes:
    stream.seek(place)
    return stream.read(min(_COMPARED_BYTES, end - place))


def look_into(file: InputFile, log_format: str = AUTO, all_columns: bool = False) -> Found:
    """The file with its compression and format."""
    with reading(file.path):
        for size in (_STORED_HEAD_BYTES, read.MAX_CARRY_BYTES):
            stored = _stored_head(file, size)
            whole = len(stored) < size
            compression = read.compression_of(stored)
            head, held = _decompressed_head(stored, compression, whole)
            if whole or _is_enough(head):
                break  # else it begins with a very long line, such as the zeros that copytruncate leaves
        file = replace(file, compression=compression, size=file.size or len(stored))
        all_held = int(_stored_bytes(file) * held / max(len(stored), 1))
        lines = int(all_held * _density(file, head)) + 1
    if not head:
        if file.path == STDIN:
            raise JobError(EXIT_INPUT, "empty", "The standard input is empty. Did the command before the pipe fail?")
        return Found(file, None, b"", 0, 0)
    complete = whole and len(head) == held
    sample = [] if all_columns else sample_lines(head, complete)
    if log_format != AUTO:
        return Found(replace(file, format=as_in(log_format, sample)), None, head, all_held, lines)
    with reading(file.path):
        detection = detect(head, FORMATS, complete)
    if not detection.lines and whole:  # nothing but lines to be ignored
        return Found(replace(file, format=detection.likeliest), detection, head, all_held, lines)
    if detection.format is None:
        raise unknown_format(file.path, detection, head)
    return Found(replace(file, format=as_in(detection.format, sample)), detection, head, all_held, lines)


def _density(file: InputFile, head: bytes) -> float:
    """How many lines a byte of a file holds, by its first bytes and, of a plain local file, some from all over it."""
    parts = [head[:SAMPLE_BYTES]]
    if file.local and file.path != STDIN and file.compression == read.PLAIN and file.size > _FEW_SAMPLES * SAMPLE_BYTES:
        with open_input(file) as stream:
            for place in range(1, _FEW_SAMPLES):
                stream.seek(place * (file.size - SAMPLE_BYTES) // (_FEW_SAMPLES - 1))
                parts.append(stream.read(SAMPLE_BYTES).strip(b"\0"))
    return sum(part.count(b"\n") for part in parts) / max(sum(map(len, parts)), 1)


def _stored_bytes(file: InputFile) -> int:
    if not file.local or file.path == STDIN:
        return file.size
    with open_input(file) as stream:
        return read.stored_bytes(stream, file.size)


def _stored_head(file: InputFile, size: int) -> bytes:
    if file.path == STDIN:
        missing = size - sum(map(len, _read_from_stdin))
        if missing > 0:
            _read_from_stdin.append(sys.stdin.buffer.read(missing))
        return b"".join(_read_from_stdin)
    with open_input(file) as stream:
        if file.local:
            start = read.data_after_hole(stream, 0, file.size)
            stream.seek(start)
            ends_hole = start > 0 and stream.read(1) == b"\n"
            stream.seek(start + ends_hole)
        return stream.read(size)


def _decompressed_head(stored: bytes, compression: str, whole: bool) -> tuple[bytes, int]:
    """The first bytes, and how many the stored ones hold; only a whole file can be truncated.

    Lines in front that are too long are left out, because no format could be told by them, and the first that is left does not
    count for how much is enough.
    """
    head, size, start, within = b"", 0, b"", False
    try:
        for chunk in read.decompressed(io.BytesIO(stored), compression):
            if not size:
                read.refuse_other(chunk)
            size += len(chunk)
            if within:
                _, newline, chunk = chunk.partition(b"\n")
                within = not newline
            if not _is_enough(head):
                head += chunk
            while len(head) > MAX_LINE_BYTES and head.find(b"\n", 0, MAX_LINE_BYTES + 1) < 0:
                start = start or head[:SAMPLE_BYTES]
                w3c.header_in(head[:SAMPLE_BYTES])  # without it the lines that follow would seem to be of no format
                _, newline, head = head.partition(b"\n")
                within = not newline
    except read.UnreadableError as error:
        if whole or error.reason != "truncated":
            raise
    return head or start, size


def _is_enough(head: bytes) -> bool:
    return len(head) - head.find(b"\n") > SAMPLE_BYTES and b"\n" in head


def open_input(file: InputFile) -> IO[bytes]:
    """The file's bytes as they are stored; Beam's own decompression returns a short read for a truncated archive."""
    if file.path == STDIN:
        return cast("IO[bytes]", _Stdin(b"".join(_read_from_stdin)))
    if file.local:
        return open(file.path, "rb")
    from apache_beam.io.filesystem import CompressionTypes

    stream: IO[bytes] = stores.file_systems().open(file.path, compression_type=CompressionTypes.UNCOMPRESSED)
    return stream


class _Stdin(io.RawIOBase):
    """The standard input from its beginning, although its first bytes were read to recognise it."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._head[: len(buffer)] or sys.stdin.buffer.read(len(buffer))
        self._head = self._head[len(chunk) :]
        self._position += len(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def tell(self) -> int:
        return self._position
