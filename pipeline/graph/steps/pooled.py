"""A step whose work the pool does: what all steps have in common that start tasks and hand on what earlier ones became."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Generic, TypeVar

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from pipeline.errors import JobError
from pipeline.graph.pool import Tasks
from pipeline.graph.steps.guarded import guarded
from transforms.errors import translated

Result = TypeVar("Result")
Output = Any
"""An element of the main output, or a `TaggedOutput`."""


class PooledDoFn(beam.DoFn, ABC, Generic[Result]):
    """A subclass defines `process`, which submits a task for an element, and `outputs`, which turns a result into outputs."""

    expected: ClassVar[tuple[type[Exception], ...]] = ()
    """What a task may raise that is nobody's defect, and that `job_error` has words for."""

    def start_bundle(self) -> None:
        """A bundle has its own tasks in flight."""
        self._tasks: Tasks[Result] = Tasks()

    @abstractmethod
    def outputs(self, result: Result) -> Iterator[Output]:
        """The outputs of one result."""

    def job_error(self, error: Any) -> JobError | None:
        """The job's error for an expected exception; None lets the exception pass as it is."""
        return None

    def submit(self, function: Callable[..., Result], *arguments: object) -> Iterator[Output]:
        """Start a task; yields the outputs of earlier tasks of the bundle that are due."""
        return self._of(self._tasks.submit(function, *arguments))

    def last(self) -> Iterator[Output]:
        """Start what waits for more, at the end of a bundle; yields the outputs that are due."""
        return iter(())

    @guarded
    def finish_bundle(self) -> Iterator[object]:
        """The outputs still in flight, in the global window, as Beam requires of `finish_bundle`."""
        yield from map(_windowed, self.last())
        yield from map(_windowed, self._of(self._tasks.drain()))

    def _of(self, results: Iterable[Result]) -> Iterator[Output]:
        with translated(self.expected, self.job_error):
            for result in results:
                yield from self.outputs(result)


def _windowed(output: Output) -> object:
    window = GlobalWindow()
    if isinstance(output, beam.pvalue.TaggedOutput):
        return beam.pvalue.TaggedOutput(output.tag, WindowedValue(output.value, window.max_timestamp(), (window,)))
    return WindowedValue(output, window.max_timestamp(), (window,))
