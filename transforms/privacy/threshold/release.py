"""Complementary suppression: from counts to the rows that may be published.

    1 gate         a cell passes if its capped addresses reach k
    2 tree         a report divides published rows of its parent; what is not published has no children
    3 absorption   failing cells of a row are `(other)` if they pass together and may be of enough values; else the largest
                   passing cell absorbs them. What the row itself has absorbed goes on to that cell in any case
    4 stratum      a (date, site, traffic) that fails is left out of everything

The rule about values, which must not look like a person's, is the door's (`transforms.privacy.release`). What is published of
visitors is in `measures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.columns import Codes, Flags, Integers
from transforms.counting.measures import COUNTED, EVIDENCE, HITS, LARGEST, VISITORS
from transforms.counting.partial import PARENT
from transforms.dimensions.agent import TRAFFIC, are_people
from transforms.privacy.release import Folded, Released, ReleaseError, divided, let_out
from transforms.privacy.threshold.counting import OWN_PART, PARTS
from transforms.privacy.threshold.gate import Gate
from transforms.privacy.threshold.measures import published_measures, with_published
from transforms.privacy.threshold.plan import Judged, Lost, absorbing_rows, few_left
from transforms.reports.report import Catalogue, Report
from transforms.reserved import OTHER


@dataclass(frozen=True, slots=True)
class Rows:
    """The published rows of a report with their exact counts.

    `named` are in the order of the plan, with what they absorbed. `absorbed` are the hits among these that are not of the row's
    own cell, `parts` the set of parts that they are from, `largest` the most that one address has in one of these. `others` are
    the rows `(other)`, at any level.
    """

    named: pa.Table
    others: pa.Table
    absorbed: Integers
    parts: Integers
    largest: Integers

    def all(self) -> pa.Table:
        """Named and other rows."""
        return pa.concat_tables([self.named, self.others]).combine_chunks()


def release(judged: Mapping[str, Judged], second: Mapping[str, pa.Table], catalogue: Catalogue, gate: Gate) -> Released:
    """The published tables of one day, from what was judged and second counts (`count_parts`), added over shards."""
    rows: dict[str, Rows] = {}
    folded: dict[str, Folded] = {}
    for report in catalogue:
        own = judged[report.name]
        if report.parent is None:
            named = own.named
            nothing = np.zeros(named.num_rows, np.int64)
            rows[report.name] = Rows(named, named.slice(0, 0), nothing, nothing, nothing)
        else:
            above = rows[report.parent], judged[report.parent].plan
            rows[report.name] = _absorbed(report, own, second.get(report.name), *above, gate)
        if not gate.admits(rows[report.name].all(), report).all():
            raise ReleaseError(f"{report.name}: a row is under the threshold")
        folded[report.name] = _folded(report, own.lost, rows[report.name])
    tables = with_published({name: each.all() for name, each in rows.items()}, catalogue, gate.min_addresses)
    return let_out(tables, folded, catalogue, published_measures(catalogue, gate.min_addresses))


def _absorbed(report: Report, judged: Judged, second: pa.Table | None, parents: Rows, parents_plan: pa.Table, gate: Gate) -> Rows:
    """Rule 3: the rows that divide each published row of the parent."""
    assert report.dimension is not None
    absorbing = absorbing_rows(judged.plan, parents_plan)
    part = _Part(len(absorbing), second)
    has = absorbing >= 0
    target = absorbing[has]
    fails = has & (part.counts[HITS.name] > 0)
    fails &= (part.counts[EVIDENCE] < gate.min_addresses) | few_left(judged.plan, parents_plan, report.dimension)
    named = judged.named
    absorbed, parts, largest = (np.zeros(named.num_rows, np.int64) for _ in range(3))
    absorbed[target] = parents.absorbed[has] + np.where(fails, part.counts[HITS.name], 0)[has]
    parts[target] = (parents.parts[has] << 1) | np.where(fails[has], OWN_PART, 0)
    largest[target] = np.maximum(parents.largest[has], np.where(fails, part.counts[LARGEST], 0)[has])
    visitors = part.visitors_in(parts, absorbing, named.num_rows)
    named = _with(named, HITS.name, named[HITS.name].to_numpy() + absorbed)
    named = _with(named, VISITORS.name, named[VISITORS.name].to_numpy() + visitors)
    named = _with(named, LARGEST, np.maximum(named[LARGEST].to_numpy(), largest))

    stands_alone = np.flatnonzero(has & ~fails & (part.counts[HITS.name] > 0))
    together = parents.named.drop_columns(list(COUNTED)).take(pa.array(stands_alone))
    for name in COUNTED:
        together = together.append_column(name, pa.array(part.counts[name][stands_alone]))
    # Where no cell passes there is nothing to tell apart; nor is there below `(other)`.
    undivided = [divided(parents.named.filter(pa.array(~has)), report), divided(parents.others, report)]
    others = [_as_other(each, named.schema) for each in (together, *undivided)]
    return Rows(named, pa.concat_tables(others), absorbed, parts, largest)


class _Part:
    """Second counts of a report, for each row of its parent's plan."""

    def __init__(self, parents: int, second: pa.Table | None) -> None:
        self.counts: dict[str, Integers] = {name: np.zeros(parents, np.int64) for name in COUNTED}
        self._sets: tuple[Integers, ...] = (np.zeros(0, np.int64),) * 3
        if second is None:
            return
        of_part: Flags = second[PARTS].to_numpy() == 0
        for name, counts in self.counts.items():
            counts[second[PARENT].to_numpy()[of_part]] = second[name].to_numpy()[of_part]
        self._sets = tuple(second[name].to_numpy()[~of_part] for name in (PARENT, PARTS, VISITORS.name))

    def visitors_in(self, parts: Integers, absorbing: Codes, rows: int) -> Integers:
        """Visitors who are in one of the parts that each row absorbed, and not in its own cell."""
        parent, sets, visitors = self._sets
        target = absorbing[parent]
        absorbed = (sets & parts[target]) != 0
        found: Integers = np.zeros(rows, np.int64)
        np.add.at(found, target[absorbed], visitors[absorbed])
        return found


def _with(table: pa.Table, name: str, values: Integers) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.schema.field(at), pa.array(values, pa.int64()))


def _as_other(parents: pa.Table, schema: pa.Schema) -> pa.Table:
    """The row `(other)` of each of some parents, with the same counts."""
    own = next(name for name in schema.names if name not in parents.column_names)
    return parents.append_column(own, pa.array([OTHER] * parents.num_rows, pa.string())).select(schema.names).cast(schema)


def _folded(report: Report, lost: Lost, rows: Rows) -> Folded:
    """What the operator is told of a report."""
    table = rows.all()
    hits, largest = table[HITS.name].to_numpy(), table[LARGEST].to_numpy()
    others = rows.others[HITS.name].to_numpy(), are_people(rows.others[TRAFFIC.name])
    return Folded(
        under=lost.under,
        caught=lost.caught,
        unnamed=int(others[0].sum()) if report.parent else lost.hits,
        misnamed=int(rows.absorbed.sum()),
        dominated=int(np.count_nonzero(2 * largest > hits)),
        largest_share=round(float((largest / hits).max(initial=0)), 3),
        hits_of_people=int(hits[are_people(table[TRAFFIC.name])].sum()),
        unnamed_of_people=int(others[0][others[1]].sum()) if report.parent else lost.hits_of_people,
        misnamed_of_people=int(rows.absorbed[are_people(rows.named[TRAFFIC.name])].sum()),
    )
