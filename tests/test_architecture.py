"""The rules of the house: who may import whom, and who may write."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("pipeline", "transforms") for path in (ROOT / folder).rglob("*.py"))
FLOORS = {
    "transforms": ("ground", "formats", "parsing", "masking", "dimensions", "reports", "counting", "privacy", "block"),
    "pipeline": ("ground", "dataset", "outputs", "config", "audit", "graph", "cli", "__main__"),
}
"""Folders from below, and the file above them; "ground" is all files that lie in no folder."""
POLICIES = ("transforms.privacy.threshold", "transforms.privacy.differential")
OPTION_PARSER = "pipeline.cli.run_options"


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def floor(module: str) -> int:
    package, _, rest = module.partition(".")
    part = rest.partition(".")[0]
    return FLOORS[package].index(part) if part in FLOORS[package] else 0


def name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_imports_run_downwards_only(path):
    own = name(path)
    package = own.partition(".")[0]
    assert not {module for module in imports(path) if module.startswith(f"{package}.") and floor(module) > floor(own)}
    if package == "transforms":
        assert not {module for module in imports(path) if module.split(".")[0] in ("apache_beam", "pipeline")}


def test_no_module_imports_itself_by_way_of_others():
    modules = {name(path): path for path in SOURCES}
    below = {own: (imports(path) & modules.keys()) - {own} for own, path in modules.items()}
    while free := [own for own, used in below.items() if not used]:
        for own in free:
            del below[own]
        for used in below.values():
            used.difference_update(free)
    assert not below


@pytest.mark.parametrize("path", [path for path in SOURCES if not name(path).startswith(POLICIES)], ids=name)
def test_only_the_folder_of_a_policy_and_the_option_parser_name_its_mode(path):
    if name(path) == OPTION_PARSER:
        return
    assert not {module for module in imports(path) if module.startswith(POLICIES)}
    nodes = list(ast.walk(ast.parse(path.read_text())))
    docstrings = [node.value for node in nodes if isinstance(node, ast.Expr)]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and node not in docstrings]
    words = {word for text in texts if isinstance(text, str) for word in re.findall(r"[a-z]+", text)}
    assert not {"dp", "threshold", "differential"} & words


def test_no_module_holds_a_catalogue_and_only_the_configuration_asks_for_the_default_one():
    code = """if True:
        import pkgutil, sys, importlib, pipeline, transforms
        from transforms.reports.report import Catalogue
        for package in (pipeline, transforms):
            for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
                if not found.name.endswith(("__main__", ".warm")):
                    held = vars(importlib.import_module(found.name)).values()
                    assert not any(isinstance(each, Catalogue) for each in held), found.name"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    asking = {name(path) for path in SOURCES if any(each.endswith(".default_catalogue") for each in imports(path))}
    assert asking == {"pipeline.config.config"}


def test_what_a_step_hands_to_the_pool_needs_no_beam():
    """A worker that must import Beam to find a function takes 0.8 s longer, and prints a warning of Beam's."""
    handed = []
    for path in (ROOT / "pipeline" / "graph" / "steps").glob("*.py"):
        tree = ast.parse(path.read_text())
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "self.submit"]
        handed += [(ast.unparse(call.args[0]), imports(path)) for call in calls]
    assert len(handed) == 3
    for function, known in handed:
        of_transforms = {module.rpartition(".")[2] for module in known if module.startswith("transforms.")}
        assert function.startswith("self._policy.") or function in of_transforms


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_does_one_thing(path):
    assert len(path.read_text().splitlines()) <= 400


def test_only_the_door_makes_released_tables_and_only_the_writer_writes():
    makes = [name(path) for path in SOURCES if "Released(_DOOR" in path.read_text()]
    writes = [name(path) for path in SOURCES if "write_table(" in path.read_text()]
    assert makes == ["transforms.privacy.release"]
    assert writes == ["pipeline.outputs.parquet", "transforms.wire"]  # wire's is the stream between steps


def test_a_worker_starts_without_beam():
    code = "import sys, transforms.block, transforms.counting.count; sys.exit('apache_beam' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_command_line_starts_without_beam():
    code = "import sys, pipeline.__main__ as m; m.main(['formats']); sys.exit('apache_beam' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
