"""The watch over memory: what it tells, and that it ends a run only while that works."""

from __future__ import annotations

import os
import signal
import time

import pytest

from pipeline.errors import EXIT_USAGE, JobError
from pipeline.graph import memory
from pipeline.signals import interruptible

MUCH = 1 << 40


def until(done):
    for _ in range(500):
        if done():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def test_a_run_that_takes_too_much_ends_with_the_ways_out():
    watch = memory.Watch()
    with pytest.raises(JobError) as caught, watch.told(), interruptible(), watch.on(1_000_000):
        until(lambda: False)
    assert caught.value.exit_code == EXIT_USAGE
    assert "took more memory than it may: 1 MB." in caught.value.message
    assert "--workers" in caught.value.message


def test_a_run_that_takes_little_goes_on_and_its_peak_is_known():
    watch = memory.Watch()
    with watch.told(), interruptible(), watch.on(MUCH):
        time.sleep(0.4)
    own = memory.proportional_memory(os.getpid())
    assert 0.5 * own < watch.peak() < MUCH


def test_an_interruption_by_somebody_else_stays_one():
    watch = memory.Watch()
    with pytest.raises(KeyboardInterrupt), watch.told(), interruptible(), watch.on(MUCH):
        os.kill(os.getpid(), signal.SIGTERM)
        until(lambda: False)


def test_a_look_that_ends_after_the_run_does_not_end_the_program(monkeypatch):
    looking = []

    def slowly(process):
        looking.append(process)
        time.sleep(0.3)
        return [process]

    monkeypatch.setattr(memory, "family", slowly)
    watch = memory.Watch()
    with watch.told(), interruptible(), watch.on(1_000_000):
        until(lambda: looking)
    assert watch.peak() > 1_000_000  # it saw that, and did nothing


def test_where_no_thread_is_to_be_had_nothing_is_watched(monkeypatch):
    def no_thread(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(memory.threading.Thread, "start", no_thread)
    watch = memory.Watch()
    with watch.told(), interruptible(), watch.on(1):
        pass
    assert watch.peak() > 1_000_000
