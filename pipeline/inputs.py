"""Takes the patterns of --input, gives the files to read: each with its size, compression and log format, none twice."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import IO

from pipeline.errors import EXIT_INPUT, EXIT_REJECTED, EXIT_USAGE, JobError
from pipeline.job import InputFile
from transforms import read
from transforms.formats.detect import SAMPLE_BYTES, Detection, detect
from transforms.formats.registry import FORMATS

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Found:
    """One input file and why it is taken for its format; `detection` is None where --format says it."""

    file: InputFile
    detection: Detection | None


def find_inputs(patterns: Iterable[str], log_format: str) -> list[Found]:
    """Match the patterns and look into each file; empty files are left out."""
    if log_format != AUTO and log_format not in FORMATS:
        raise JobError(
            EXIT_USAGE, "usage", f"--format {log_format}: not a format that is known. `weblog-anonymizer formats` lists them."
        )
    files: dict[str, InputFile] = {}
    for pattern in patterns:
        matched = _match_remote(pattern) if "://" in pattern else _match_local(pattern)
        if not matched:
            raise JobError(EXIT_INPUT, "missing", f"{pattern}: no file matches.")
        for file in matched:
            files.setdefault(file.path, file)
    _refuse_same_file(files)
    found = (_look_into(file, log_format) for _, file in sorted(files.items()))
    return [each for each in found if each is not None]


def _match_local(pattern: str) -> list[InputFile]:
    paths = [pattern] if os.path.exists(pattern) else sorted(glob.glob(pattern, recursive=True))
    files = []
    for path in paths:
        if os.path.isdir(path):
            if path == pattern:
                raise JobError(
                    EXIT_INPUT, "directory", f"{path}: is a directory. Name its files, as in {os.path.join(path, '*')}"
                )
            continue
        files.append(InputFile(path, os.path.getsize(path), read.PLAIN, AUTO, local=True))
    return files


def _match_remote(pattern: str) -> list[InputFile]:
    from apache_beam.io.filesystem import BeamIOError
    from apache_beam.io.filesystems import FileSystems

    try:
        (result,) = FileSystems.match([pattern])
    except (BeamIOError, ValueError) as error:
        raise JobError(EXIT_INPUT, "missing", f"{pattern}: cannot be listed ({type(error).__name__}).") from None
    return [
        InputFile(match.path, match.size_in_bytes, read.PLAIN, AUTO, local=False)
        for match in result.metadata_list
        if not match.path.endswith("/")
    ]


def _refuse_same_file(files: dict[str, InputFile]) -> None:
    seen: dict[tuple[int, int], str] = {}
    for path, file in files.items():
        if not file.local:
            continue
        status = os.stat(path)
        first = seen.setdefault((status.st_dev, status.st_ino), path)
        if first != path:
            raise JobError(EXIT_INPUT, "same_file", f"{first} and {path} are the same file; its lines would count twice.")


def _look_into(file: InputFile, log_format: str) -> Found | None:
    """The file with its compression and format, or None if it holds no line."""
    problem = None
    head = b""
    try:
        with open_input(file) as stream:
            file = replace(file, compression=read.compression_of(stream.read(4)))
        with open_input(file) as stream:
            for chunk in read.decompressed(stream, file.compression):
                head += chunk
                if len(head) >= SAMPLE_BYTES:
                    break
    except read.UnreadableError as error:
        problem = error.reason
    except OSError as error:
        problem = error.strerror or "unreadable"
    if problem:
        raise input_error(file.path, problem)
    if not head:
        return None
    if log_format != AUTO:
        return Found(replace(file, format=log_format), None)
    detection = detect(head, FORMATS, complete=len(head) < SAMPLE_BYTES)
    if detection.format is None:
        raise _unknown_format(file.path, detection)
    return Found(replace(file, format=detection.format), detection)


def open_input(file: InputFile) -> IO[bytes]:
    """The file's bytes as they are stored; Beam's own decompression returns a short read for a truncated archive."""
    if file.local:
        return open(file.path, "rb")
    from apache_beam.io.filesystem import CompressionTypes
    from apache_beam.io.filesystems import FileSystems

    stream: IO[bytes] = FileSystems.open(file.path, compression_type=CompressionTypes.UNCOMPRESSED)
    return stream


_WAYS_OUT = {
    "truncated": "it ends too early. Is it still being written or copied?",
    "corrupt": "it is not what its first bytes say, or damaged. Check the archive.",
}


def input_error(path: str, problem: str) -> JobError:
    """The error for a file that cannot be read; `problem` is a reason code or the operating system's word for it."""
    reason = problem if problem in _WAYS_OUT else "unreadable"
    return JobError(EXIT_INPUT, reason, f"{path}: {_WAYS_OUT.get(problem, problem)} Nothing was published.")


def _unknown_format(path: str, detection: Detection) -> JobError:
    best = sorted(detection.fits.items(), key=lambda item: -item[1])[:3]
    tried = ", ".join(f"{name} fits {count:,}" for name, count in best)
    return JobError(
        EXIT_REJECTED,
        "unknown_format",
        f"{path}: no log format fits. Of {detection.lines:,} lines tried, {tried}. Nothing was published. "
        "If you know the format, name it with --format.",
    )
