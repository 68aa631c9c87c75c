"""The contract of closed dimensions: whatever a log or a database says, they give values of their vocabulary only."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.logs import CHROME
from transforms.counting.visits import NEEDED
from transforms.dimensions import known_dimensions, referrer
from transforms.dimensions.describe import describe
from transforms.dimensions.lookups import Lookups
from transforms.masking.address import places
from transforms.masking.masked import MASKED, MASKED_VISITOR

AGENTS = [CHROME, "", "-", "Googlebot/2.1", "JaneDoe/1.0 CFNetwork/978.0.7 Darwin/18.7.0", "curl/7.82.0 (JaneDoe bot)"]
WORDS = "- (other) (none) jane.doe@example.org EU AP GET JANE HTTP/2 HTTP/9.9 200 99999 -1 css".split()
TEXTS = st.text(max_size=12) | st.sampled_from(["", *WORDS])
REFERERS = st.sampled_from([f"https://{host}/" for host in ("www.google.com", "t.co", "chatgpt.com", "www.example.org", "jane")])
READ = {
    # What a mask or a shard makes, and no client writes.
    "prefix": st.builds(lambda host: places(pa.array([host])).prefixes[0].as_py(), st.ip_addresses().map(str) | TEXTS),
    "hour": st.integers(0, 23),
    "visit_seconds": st.integers(0, 86_400),
    "visit_pages": st.integers(1, 10_000),  # of page hits, which alone have a published depth
    "user_agent": TEXTS | st.sampled_from(AGENTS),
    "referer": TEXTS | REFERERS,
    "path": TEXTS.map(lambda text: "/a." + text) | st.just("(none)"),
}
CLOSED = [each for each in known_dimensions().values() if not each.is_open]


@dataclass
class AnyCodes:
    """A country database that has these texts as codes."""

    texts: list[str]

    def codes(self, prefixes: list[str]) -> list[str]:
        return [self.texts[number % len(self.texts)] for number, _ in enumerate(prefixes)]


def may_lack(column: str) -> bool:
    """Whether a log format may lack the column, so that its value is None."""
    schemas = [schema for schema in (MASKED, MASKED_VISITOR) if column in schema.names]
    return column not in NEEDED and all(schema.field(column).nullable for schema in schemas)


def table_of(data, dimension):
    """A table with any values in the columns that the dimension reads."""
    count = data.draw(st.integers(1, 4))
    columns = {}
    for column in dict.fromkeys(read.column for read in dimension.reads):
        values = st.lists(READ.get(column, TEXTS), min_size=count, max_size=count)
        values = values | st.just([None] * count) if may_lack(column) else values
        columns[column] = pa.array(data.draw(values, label=column))
        if columns[column].type in (pa.string(), pa.null()):
            columns[column] = columns[column].cast(pa.string()).dictionary_encode()
    return pa.table(columns)


@pytest.mark.parametrize("dimension", CLOSED, ids=lambda each: each.name)
@given(data=st.data())
def test_a_closed_dimension_gives_nothing_but_its_vocabulary(dimension, data):
    """The door would fold any other value into `(other)`, and say that it caught somebody."""
    codes = data.draw(st.lists(TEXTS, min_size=1, max_size=4), label="codes")
    found = describe(table_of(data, dimension), [dimension], Lookups(AnyCodes(codes)))[dimension.name].to_pylist()
    assert [value for value in found if value not in dimension.values] == []


def test_each_listed_referrer_has_a_channel_of_the_vocabulary():
    assert set(referrer._channels().values()) <= set(referrer.CHANNELS)


SHORT = [each for each in CLOSED if isinstance(each.values, tuple) and len(each.values) < 10]


@pytest.mark.parametrize("dimension", SHORT, ids=lambda each: each.name)
def test_the_dictionary_names_each_value_of_a_short_list(dimension):
    assert [value for value in dimension.values if f"`{value}`" not in dimension.details] == []
