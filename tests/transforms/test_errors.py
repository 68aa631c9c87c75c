"""Nothing leads from an error of this program back to a library's, whose words may quote the log."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from transforms.errors import translated

SECRET = "203.0.113.7"


class OwnError(Exception):
    """As `JobError` is: words of this program."""


def quoting(kind: type[Exception] = KeyError) -> None:
    raise kind(f"the line of {SECRET}")


def own(error: BaseException) -> OwnError:
    return OwnError(type(error).__name__)


def in_a_block() -> None:
    with translated(KeyError, own):
        quoting()


def in_a_generator() -> None:
    def given():
        with translated(KeyError, own):
            yield 1
            quoting()

    list(given())


def around_a_generator() -> None:
    def given():
        yield 1
        quoting()

    with translated(KeyError, own):
        list(given())


def nested_for_other_kinds() -> None:
    with translated(KeyError, own), translated(OSError, own):
        quoting()


def translated_twice() -> None:
    with translated(OwnError, lambda error: OwnError(str(error))), translated(KeyError, own):
        quoting()


def while_another_is_handled() -> None:
    try:
        quoting(ValueError)
    except ValueError:
        in_a_block()


def behind_a_chain() -> None:
    with translated(KeyError, own):
        try:
            quoting(ValueError)
        except ValueError as error:
            raise KeyError(SECRET) from error


WAYS = [
    in_a_block,
    in_a_generator,
    around_a_generator,
    nested_for_other_kinds,
    translated_twice,
    while_another_is_handled,
    behind_a_chain,
]


@pytest.mark.parametrize("way", WAYS)
def test_nothing_of_the_library_is_left(way: Callable[[], None]):
    with pytest.raises(OwnError, match=r"^KeyError$") as caught:
        way()
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert error.__context__ is None
    text = "".join(traceback.format_exception(error))
    assert SECRET not in text
    assert "in quoting" not in text
    assert "in own" not in text


def test_the_place_that_failed_is_known_to_the_translation_only():
    places = []

    def to(error: BaseException) -> OwnError:
        places.append(traceback.extract_tb(error.__traceback__)[-1].name)
        return own(error)

    with pytest.raises(OwnError), translated(OSError, own), translated(KeyError, to):
        quoting()
    assert places == ["quoting"]


def test_other_kinds_and_what_is_let_through_stay_as_they_are():
    for kind, to in ((OSError, own), (KeyError, lambda _: None)):
        with pytest.raises(KeyError, match=SECRET) as caught, translated(kind, to):
            quoting()
        assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "quoting"


def test_a_block_that_does_not_fail_and_a_generator_that_is_left():
    closed = []

    def given():
        with translated(Exception, own):
            try:
                yield from (1, 2)
            finally:
                closed.append(True)

    results = given()
    assert next(results) == 1
    results.close()
    assert closed
    with translated(Exception, own):
        assert list(given()) == [1, 2]
