"""Tasks in processes: results come back, and errors too; a process that is gone is told at once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pipeline.errors import JobError
from pipeline.graph.processes import Processes
from tests.catalogues import TRAVELLING
from tests.eager import EVERYTHING
from transforms.block import Block, BlockError, Rules, process_blocks

RULES = Rules(1, EVERYTHING, TRAVELLING)


@pytest.fixture
def processes() -> Iterator[Processes]:
    made = Processes(2, preloaded="pipeline.graph.warm")
    yield made
    made.close()


def test_results_and_errors_come_back_to_their_tasks(processes):
    tasks = [processes.submit(divmod, number, number % 5) for number in range(20)]
    for number in reversed(range(20)):
        if number % 5:
            assert processes.result(tasks[number]) == (number // (number % 5), number % (number % 5))
        else:
            with pytest.raises(JobError, match=r"ZeroDivisionError at processes\.py:"):
                processes.result(tasks[number])
    assert len({processes.result(processes.submit(os.getpid)) for _ in range(20)} - {os.getpid()}) in (1, 2)


def test_a_task_and_a_result_may_be_larger_than_what_a_pipe_holds(processes):
    large = bytes(3_000_000)
    tasks = [processes.submit(bytes.lower, large) for _ in range(6)]
    assert all(processes.result(task) == large for task in tasks)


def test_a_foreign_error_is_told_by_its_kind_and_place_and_the_process_goes_on(processes):
    task = processes.submit(exec, "class PrivateError(Exception): pass\nraise PrivateError('20.0.1.7')")
    with pytest.raises(JobError, match="PrivateError at <string>:2") as caught:
        processes.result(task)
    assert "20.0.1.7" not in str(caught.value)
    assert processes.result(processes.submit(abs, -1)) == 1


def test_an_error_of_this_program_comes_as_it_is(processes):
    with pytest.raises(BlockError) as caught:
        processes.result(processes.submit(process_blocks, [Block("gone.log", "combined", 7, 1)], RULES, bytes(32)))
    assert (caught.value.reason, caught.value.file, caught.value.offset) == ("unreadable", "gone.log", 7)


def test_a_process_that_ends_is_an_error_of_the_job_and_others_are_ended(processes):
    task = processes.submit(os._exit, 0)
    with pytest.raises(JobError, match="A worker process was killed") as died:
        processes.result(task)
    assert died.value.__cause__ is None
    (first, second) = processes.pids()
    processes.close()
    for pid in (first, second):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_close_does_not_wait_for_what_a_process_has_in_hand(processes):
    processes.submit(exec, "import time; time.sleep(1000)")
    (pid, _) = processes.pids()
    processes.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
