"""Takes what was found out about an input file, gives words for it: its format, how sure that is, and why others lost."""

from __future__ import annotations

from typing import Any

from pipeline.inputs import Found
from transforms.formats import w3c
from transforms.formats.detect import Detection, knows, wider
from transforms.formats.registry import format_of

W3C = "w3c"
_OTHERS_SHOWN = 3


def name_of(log_format: str) -> str:
    """A format's name for people: that of a W3C header is as long as the header, a notation as long as itself."""
    if w3c.is_header(log_format):
        return W3C
    word = " ".join(log_format.split())
    return word if len(word) <= 40 else f"{word[:39]}…"


def how_read(log_format: str) -> str:
    """Whether Arrow reads its lines by columns, or matches each with one expression, which takes longer."""
    known = format_of(log_format)
    return "by columns" if known.fields or known.keys else "by one expression for each line, which is slower"


def why(found: Found) -> list[str]:
    """One sentence for the format, then one for each that lost but came near, one for the rest, and what else to know."""
    note = format_of(found.file.format).note
    return [*_why(found), *([note] if note else [])]


def _why(found: Found) -> list[str]:
    if found.detection is None:
        return [f"said by --format; read {how_read(found.file.format)}"]
    if not found.detection.lines:
        return ["it has no line by which to tell"]
    ranked = found.detection.ranked()
    best, fitting = ranked[0]
    sure = f"fits {fitting:,} of {found.detection.lines:,} lines tried ({found.detection.confidence:.0%})"
    if w3c.is_header(best):
        return [f"as its #Fields line says; {sure}"]
    near = [(name, count) for name, count in ranked[1:] if count]
    said = [f"{sure}; read {how_read(best)}"]
    said += [_why_not(name, count, best) for name, count in near[:_OTHERS_SHOWN]]
    if len(near) > _OTHERS_SHOWN:
        said.append(f"{len(near) - _OTHERS_SHOWN} more fit some lines")
    return [*said, f"{len(ranked) - 1 - len(near)} others fit no line"]


def _why_not(name: str, count: int, best: str) -> str:
    if name in wider(best):
        return f"{name} fits {count:,}, but knows {'no more' if knows(name) == knows(best) else 'less'} of each line than {best}"
    if best in wider(name):
        return f"{name} fits {count:,}, but not all that {best} reads"
    return f"{name} fits {count:,}"


def summary(found: tuple[Found, ...]) -> list[dict[str, Any]]:
    """For the run record: of each format its files, the share of tried lines that fit in the worst of them, and why."""
    by_format: dict[str, list[Found]] = {}
    for each in found:
        by_format.setdefault(each.file.format, []).append(each)
    return [
        {
            "format": name_of(log_format),
            "files": len(files),
            "confidence": min(_confidence(each.detection) for each in files),
            "why": why(min(files, key=lambda each: _confidence(each.detection))),
        }
        for log_format, files in by_format.items()
    ]


def _confidence(detection: Detection | None) -> float:
    return 1.0 if detection is None or not detection.lines else detection.confidence
