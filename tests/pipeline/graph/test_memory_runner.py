"""The in-memory runner: Beam's samplers wake at the interval that it sets."""

from __future__ import annotations

from apache_beam.runners.worker.statesampler import StateSampler
from apache_beam.utils.counters import CounterFactory

from pipeline.graph.memory_runner import SAMPLING_MILLISECONDS, memory_runner


def test_samplers_are_made_with_the_short_period():
    memory_runner()
    # As Beam's bundle processor makes them: without naming a period.
    assert StateSampler("stage", CounterFactory()).sampling_period_ms == SAMPLING_MILLISECONDS
