"""Guarded steps: a failure discloses only its location, never the library's message."""

from __future__ import annotations

import pytest

from pipeline.errors import JobError
from pipeline.graph.steps.guarded import guarded


@guarded
def gives(value):
    yield value
    raise KeyError(f"SECRET {value}")


@guarded
def does(value):
    raise KeyError(f"SECRET {value}")


@guarded
def refuses():
    yield 1
    raise JobError(3, "too_many_rejects", "access.log: too many")


def test_what_a_step_gives_comes_out_and_its_failure_without_words():
    results = gives("20.1.2.3")
    assert next(results) == "20.1.2.3"
    with pytest.raises(JobError) as caught:
        next(results)
    assert "KeyError at test_guarded.py:" in caught.value.message
    assert "SECRET" not in repr(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_a_step_that_only_does():
    with pytest.raises(JobError) as caught:
        does("20.1.2.3")
    assert "SECRET" not in str(caught.value)
    assert caught.value.__context__ is None


def test_the_programs_own_errors_go_through():
    with pytest.raises(JobError, match="too many"):
        list(refuses())
