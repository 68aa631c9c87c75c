"""Builds the lists of browsers and operating systems that may be published, from ua-parser's rules, one name a line.

    python scripts/build_agent_names.py transforms/data

A rule may copy text out of the user agent, and so publish whatever somebody writes there. So only names that a rule spells out
are listed: its replacement, or each alternative of a group that has finitely many.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ua_parser_builtins.matchers import MATCHERS

if sys.version_info >= (3, 11):
    from re import _constants as codes
    from re import _parser as regex
else:
    import sre_constants as codes
    import sre_parse as regex

MAX_ALTERNATIVES = 200
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+&'!/_-]{0,39}")


class _FreeTextError(Exception):
    """The expression has too many texts to list."""


def main(folder: str) -> None:
    """Write both lists."""
    browsers, systems, _ = MATCHERS
    for file, matchers in (("browsers.txt", browsers), ("operating_systems.txt", systems)):
        names = {name for matcher in matchers for name in _names(matcher) if _NAME.fullmatch(name)}
        (Path(folder) / file).write_text("".join(f"{name}\n" for name in sorted(names - {"Other"})))


def _names(matcher: Any) -> Iterator[str]:
    replacement = matcher.family or "$1"
    if "$" not in replacement:
        yield replacement.strip()
        return
    try:
        groups = _groups(regex.parse(matcher.regex))
        wanted = sorted(set(map(int, re.findall(r"\$(\d)", replacement))))
        texts = [_limited(_texts(groups[number])) for number in wanted]
    except (_FreeTextError, KeyError):
        return
    for chosen in itertools.product(*texts):
        name = replacement
        for number, text in zip(wanted, chosen, strict=True):
            name = name.replace(f"${number}", text)
        yield name.strip()


def _groups(parsed: Any) -> dict[int, Any]:
    found = {}
    for code, argument in parsed:
        if code is codes.SUBPATTERN:
            if argument[0] is not None:
                found[argument[0]] = argument[3]
            found |= _groups(argument[3])
        elif code is codes.BRANCH:
            for branch in argument[1]:
                found |= _groups(branch)
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            found |= _groups(argument[2])
    return found


def _texts(parsed: Any) -> list[str]:
    """Every text that the expression matches."""
    parts = [_limited(_texts_of(code, argument)) for code, argument in parsed]
    return ["".join(text) for text in _limited(itertools.product(*parts))]


def _texts_of(code: Any, argument: Any) -> Iterable[str]:
    if code is codes.LITERAL:
        return [chr(argument)]
    if code is codes.IN and all(kind is codes.LITERAL for kind, _ in argument):
        return [chr(value) for _, value in argument]
    if code is codes.SUBPATTERN:
        return _texts(argument[3])
    if code is codes.BRANCH:
        return itertools.chain.from_iterable(map(_texts, argument[1]))
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT) and argument[1] == 1:
        return itertools.chain([""] if argument[0] == 0 else [], _texts(argument[2]))
    if code in (codes.AT, codes.ASSERT, codes.ASSERT_NOT):
        return [""]
    raise _FreeTextError


def _limited(texts: Iterable[Any]) -> list[Any]:
    listed = list(itertools.islice(texts, MAX_ALTERNATIVES + 1))
    if len(listed) > MAX_ALTERNATIVES:
        raise _FreeTextError
    return listed


if __name__ == "__main__":
    main(*sys.argv[1:])
