"""The rows of a table: their values, their order, and that they divide those of the parent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import cell_keys
from transforms.counting.measures import Kind, Measure
from transforms.dimensions.dimension import Dimension
from transforms.privacy.detectors import identifier, is_caught
from transforms.privacy.release import is_nameable
from transforms.reserved import OTHER

_WIDE = pa.decimal128(38)


def wrong_order(table: pa.Table, names: Sequence[str]) -> Iterator[str]:
    """Whether rows are sorted by these dimensions, and distinct."""
    keys = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    if keys != sorted(keys, key=lambda key: tuple(value.encode() for value in key)) or len(set(keys)) != len(keys):
        yield "rows are not sorted, or not distinct"


def wrong_values(table: pa.Table, dimensions: Sequence[Dimension], of_these_lists: bool) -> Iterator[tuple[int, str, str]]:
    """Row, column, and what is wrong with the value. `of_these_lists`: whether the period was made by this version's lists."""
    for dimension in dimensions:
        known: dict[str, str | None] = {}
        for number, value in enumerate(table[dimension.name].to_pylist()):
            if value not in known:
                known[value] = _wrong_with(dimension, value, of_these_lists)
            wrong = known[value]
            if wrong:
                yield number, dimension.name, wrong


def _wrong_with(dimension: Dimension, value: str, of_these_lists: bool) -> str | None:
    """What is wrong with a value of this column, or None.

    Of a shipped list, another version may have other names. So there a value that this version does not list must also look
    like a person's, unless the period was made by this version's lists.
    """
    if not value:
        return "empty"
    if is_nameable(dimension, value):
        return None
    if dimension.is_open or (dimension.is_shipped and (is_caught(value) or identifier("/" + value))):
        return "looks like a person's"
    return "not of its vocabulary" if of_these_lists or not dimension.is_shipped else None


def wrong_division(
    table: pa.Table,
    columns: Sequence[str],
    parents: pa.Table,
    of: tuple[str, Sequence[str]],
    measures: Sequence[Measure],
) -> Iterator[str]:
    """Whether additive measures add up to the parent's.

    `columns` are the report's dimensions, of which its own is the last; `of` is the parent's name, and its dimensions.
    """
    parent, names = of[0], list(of[1])
    additive = [measure.name for measure in measures if measure.kind is Kind.ADDITIVE]
    # As decimals, which do not wrap round as a sum of 64 bits does.
    exact = pa.table({name: table[name] for name in names} | {name: table[name].cast(_WIDE) for name in additive})
    parts = exact.group_by(names, use_threads=False).aggregate([(name, "sum") for name in additive])
    at = pc.index_in(cell_keys([parents[name] for name in names]), value_set=cell_keys([parts[name] for name in names]))
    if at.null_count or parts.num_rows != parents.num_rows:
        yield f"does not divide exactly the rows of {parent}"
        return
    parts = parts.take(at)
    for name in additive:
        if not pc.all(pc.equal(parents[name].cast(_WIDE), parts[f"{name}_sum"]), min_count=0).as_py():
            yield f"{name} do not agree with those of {parent}"
    keys = zip(*(table[name].to_pylist() for name in columns), strict=True)
    if any(OTHER in key[:-1] and key[-1] != OTHER for key in keys):
        yield f"tells apart what {parent} has folded"
    others = table.filter(pc.equal(table[columns[-1]], OTHER))
    if len(set(zip(*(others[name].to_pylist() for name in names), strict=True))) != others.num_rows:
        yield "two rows (other) of one parent"
