"""Explains a detected format in words: its name, the confidence, and why other formats lost."""

from __future__ import annotations

from typing import Any

from pipeline.graph.inputs import Found
from pipeline.words import plural
from transforms.formats import w3c
from transforms.formats.registry import format_of
from transforms.parsing.detect import Detection, knows, wider

W3C = "w3c"
UNTOLD = "no line by which to tell its format"
_OTHERS_SHOWN = 3


def name_of(log_format: str) -> str:
    """A readable name for a format: a W3C header's own name is as long as the header, a notation's as long as the notation."""
    if w3c.is_header(log_format):
        return W3C
    word = " ".join(log_format.split())
    return word if len(word) <= 40 else f"{word[:39]}…"


def how_read(log_format: str) -> str:
    """Whether Arrow reads its lines by columns, or matches each with one expression, which takes longer."""
    known = format_of(log_format)
    return "by columns" if known.fields or known.keys else "by one expression for each line, which is slower"


def is_told(found: Found) -> bool:
    """Whether the file has a line that shows its format, or --format names it."""
    return found.detection is None or found.detection.lines > 0


def why(found: Found) -> list[str]:
    """One sentence for the format, then one for each that lost but came near, one for the rest, and what else to know."""
    if found.detection is None:
        return [f"said by --format; read {how_read(found.file.format)}", *_note(found)]
    if not is_told(found):
        return [UNTOLD]
    ranked = found.detection.ranked()
    best, _ = ranked[0]
    if w3c.is_header(best):
        return [f"as its #Fields line says; {_share(found.detection)}", *_note(found)]
    near = [(name, count) for name, count in ranked[1:] if count]
    said = [f"{_share(found.detection)}; read {how_read(best)}"]
    said += [_why_not(name, count, best) for name, count in near[:_OTHERS_SHOWN]]
    if len(near) > _OTHERS_SHOWN:
        said.append(f"{len(near) - _OTHERS_SHOWN} more fit some lines")
    return [*said, f"{len(ranked) - 1 - len(near)} others fit no line", *_note(found)]


def in_short(found: Found) -> list[str]:
    """For every run: how sure the format is, formats of other families that came near, and what else to know."""
    if found.detection is None:
        return ["said by --format", *_note(found)]
    if not is_told(found):
        return [UNTOLD]
    (best, most), *others = found.detection.ranked()
    rivals = [_why_not(name, count, best) for name, count in others if 10 * count >= most and family(name) != family(best)]
    return [_share(found.detection), *rivals, *_note(found)]


def _share(detection: Detection) -> str:
    _, fitting = detection.ranked()[0]
    return f"fits {fitting:,} of {plural(detection.lines, 'line')} tried ({detection.confidence:.0%})"


def _note(found: Found) -> list[str]:
    note = format_of(found.file.format).note
    return [note] if note else []


def family(name: str) -> str:
    """The widest format that all lines of this one fit, too."""
    return [name, *wider(name)][-1]


def _why_not(name: str, count: int, best: str) -> str:
    if name in wider(best):
        return f"{name} fits {count:,}, but knows {'no more' if knows(name) == knows(best) else 'less'} of each line than {best}"
    if best in wider(name):
        return f"{name} fits {count:,}, but not all that {best} reads"
    return f"{name} fits {count:,}"


def summary(found: tuple[Found, ...]) -> list[dict[str, Any]]:
    """For the run record: for each format its files, the share of tried lines that fit in the worst of them, and why."""
    by_format: dict[str | None, list[Found]] = {}
    for each in found:
        by_format.setdefault(each.file.format if is_told(each) else None, []).append(each)
    return [_of_one(log_format, files) for log_format, files in by_format.items()]


def _of_one(log_format: str | None, files: list[Found]) -> dict[str, Any]:
    worst = least_sure(files)
    return {
        "format": None if log_format is None else name_of(log_format),
        "files": len(files),
        "confidence": _confidence(worst.detection),
        "why": why(worst),
        "in_short": in_short(worst),
    }


def least_sure(files: list[Found]) -> Found:
    """The file whose lines fit its format worst."""
    return min(files, key=lambda each: _confidence(each.detection))


def _confidence(detection: Detection | None) -> float:
    return 1.0 if detection is None or not detection.lines else detection.confidence
