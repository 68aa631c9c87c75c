"""The configuration: options become one frozen value, and a fact keeps its name from there down to the block."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from pipeline.cli import options
from pipeline.config.config import Config, config_of
from pipeline.errors import JobError
from transforms.block import Rules
from transforms.masking.anonymize import anonymize
from transforms.parsing.parse import parse_block


def config(*more, beam=()):
    known, _ = options.parse(["run", "--input", "access.log", "--output", "out", *more])
    return config_of(known, beam)


def test_it_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        config().output = "elsewhere"


def test_a_fact_keeps_its_name_down_to_the_block():
    of_config = {field.name for field in dataclasses.fields(Config)}
    of_rules = {field.name for field in dataclasses.fields(Rules)}
    # What a job makes of several facts has a name of its own; the kernel is one of the installation.
    assert of_rules - of_config == {"shards", "window", "dimensions", "exclude_opted_out", "kernel"}
    taken = {name for function in (anonymize, parse_block) for name in inspect.signature(function).parameters}
    assert {"time_zone", "log_time_zone", "proxies", "routes", "exclude_opted_out", "window"} <= taken & of_rules
    assert taken - of_rules == {"entries", "secret", "block", "log_format", "offset", "further", "site"}  # of each file


def test_every_option_of_run_is_a_fact_or_makes_one():
    known, _ = options.parse(["run", "--input", "a", "--output", "b"])
    made = {"no_wait": "awaited", "block_mib": "block_bytes", "site": "input"}
    said_again = {"command", "arguments"}
    made |= dict.fromkeys(("ignore_path", "ignore_network", "ignore_agent"), "ignored")
    made |= dict.fromkeys(("privacy", "min_addresses", "epsilon", "delta", "accept_weak_epsilon", "declare_site"), "policy")
    assert {made.get(name, name) for name in vars(known).keys() - said_again} <= {
        field.name for field in dataclasses.fields(Config)
    }


def test_a_runner_elsewhere_has_larger_blocks_and_no_pool():
    assert (config("--workers", "3").workers, config().block_bytes) == (3, 16 << 20)
    elsewhere = config("--workers", "3", beam=["--runner=DataflowRunner"])
    assert (elsewhere.local, elsewhere.workers, elsewhere.block_bytes) == (False, 0, 64 << 20)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--timezone", "Middle Earth"], "--timezone"),
        (["--log-timezone", "Middle Earth"], "--log-timezone"),
        (["--site", "a b"], "--site"),
        (["--geoip-country", "/nowhere.mmdb"], "--geoip-country"),
        (["--trusted-proxies", "proxy.example.org"], "--trusted-proxies"),
        (["--routes", "/nowhere.txt"], "--routes"),
        (["--secret-from", "file:part"], "--secret-from"),
        (["--no-wait"], "--no-wait"),
        (["--epsilon", "1"], "--epsilon"),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_its_option(given, says):
    with pytest.raises(JobError, match=says) as caught:
        config(*given)
    assert caught.value.exit_code == 2
    assert caught.value.__cause__ is None
