"""The kernel: which one runs, what its defects say, and which licences its crates have."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.catalogues import TRAVELLING
from transforms import block, kernel
from transforms.period import Window

ROOT = Path(__file__).parents[1]
PERMISSIVE = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0", "Unlicense", "Zlib", "BSD-3-Clause", "0BSD"}
native = pytest.mark.skipif(kernel.native is None, reason="the native kernel is not built: cargo was not found")


def chosen(wanted: str, before: str = "") -> subprocess.CompletedProcess[str]:
    code = f"import sys; {before}\nfrom transforms import kernel; print(kernel.name())"
    environment = {**os.environ, "WEBLOG_KERNEL": wanted}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


NOT_BUILT = "sys.modules['transforms._kernel'] = None"


@pytest.mark.parametrize(
    ("wanted", "before", "name"),
    [("python", "", "python"), ("", NOT_BUILT, "python"), pytest.param("native", "", "native", marks=native)],
)
def test_which_kernel_runs(wanted, before, name):
    assert chosen(wanted, before).stdout.strip() == name


@pytest.mark.parametrize(
    ("wanted", "before", "says"), [("native", NOT_BUILT, "no native kernel"), ("rust", "", "must be native")]
)
def test_a_kernel_that_is_not_there_is_an_error(wanted, before, says):
    found = chosen(wanted, before)
    assert found.returncode != 0
    assert says in found.stderr


@native
def test_a_defect_of_the_kernel_says_its_place_and_nothing_of_the_log(capfd):
    with pytest.raises(RuntimeError) as caught:
        kernel.native.panics(b"203.0.113.9 secret")
    assert type(caught.value).__name__ == "KernelError"
    assert str(caught.value).startswith("kernel_panic lib.rs:")
    assert "203" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert capfd.readouterr() == ("", "")


@native
def test_a_defect_while_a_block_is_read_is_told_by_its_place(monkeypatch):
    monkeypatch.setattr(block, "parse_block", lambda log, *_: kernel.native.panics(log))
    rules = block.Rules(1, Window(end=1_000_000), TRAVELLING)
    with pytest.raises(block.BlockError) as caught:
        block.process_block(block.Block("log", "combined", 7, 3, b"abc"), rules, bytes(32))
    assert caught.value.reason.startswith("kernel_panic lib.rs:")
    assert caught.value.__context__ is None


@pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo lists the crates, and it was not found")
def test_all_crates_have_permissive_licences():
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--manifest-path", ROOT / "kernel" / "Cargo.toml"]
    crates = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["packages"]
    assert {"pyo3", "memchr"} <= {crate["name"] for crate in crates}
    wrong = {crate["name"]: crate["license"] for crate in crates if not may_be_used(crate["license"])}
    assert not wrong


def may_be_used(expression: str) -> bool:
    """Whether an SPDX expression without nested parentheses allows a permissive licence."""
    parts = expression.replace("/", " OR ").replace("(", "").replace(")", "").split(" AND ")
    return all(any(word.strip() in PERMISSIVE for word in part.split(" OR ")) for part in parts)


def test_a_licence_of_two_must_be_permissive_in_both():
    assert may_be_used("(MIT OR Apache-2.0) AND Unicode-3.0")
    assert may_be_used("MIT/Apache-2.0")
    assert not may_be_used("MIT AND GPL-3.0")
    assert not may_be_used("GPL-3.0-only")
