"""What a dimension is: a column of published tables, declared once with all that follows from it.

Schemas, the columns that travel to a shard, Parquet metadata, the data dictionary, the detectors' coverage and the checks of
`verify` derive from these declarations. To add a dimension, write one file of this folder with a `Dimension` in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.columns import Codes
from transforms.dimensions.lookups import Lookups
from transforms.reserved import COLUMN_NAMES, OTHER


class Scope(IntEnum):
    """The unit that a property describes, from narrow to wide: a hit's own, or shared by all hits of a visit, or of a visitor."""

    HIT = 1
    VISIT = 2
    VISITOR = 3


Looks = tuple[Codes, Sequence[Any]]
"""How values look: the code of each in the sequence of different looks."""

View = Callable[[pa.Array, Lookups], Looks]


@dataclass(frozen=True, slots=True)
class Read:
    """A column that a dimension reads, and what is made of each distinct value before it is used (None: nothing).

    Dimensions that share a `Read` share its work.
    """

    column: str
    view: View | None = None


def each(function: Callable[[Any], Any]) -> View:
    """The view that calls a function with each distinct value."""
    return partial(_each, function)


def _each(function: Callable[[Any], Any], values: pa.Array, _: Lookups) -> Looks:
    return looks_of(list(map(function, values.to_pylist())))


def looks_of(viewed: Sequence[Any]) -> Looks:
    """Looks of which several may be equal, as those of paths with one extension are."""
    number = {look: at for at, look in enumerate(dict.fromkeys(viewed))}
    return np.fromiter(map(number.__getitem__, viewed), np.int32, len(viewed)), list(number)


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column of published tables. Its values are text and never null.

    `reads` are columns of masked entries (of masked visitors for the scope VISITOR, or of visits); where the log format lacks
    one, its value is None. `of` gives the published value of each distinct combination of what was read; None publishes the one
    column as it is, and `(unknown)` where the log format lacks it. `values` is the closed vocabulary; None, the default, declares
    an open dimension: its values come from the log, so the detectors look at each before it is published. A closed dimension
    publishes nothing but its vocabulary.

    `details` is the text about its values in the data dictionary, in Markdown. `determines` names dimensions whose value follows
    from this one, for at least some values: a city its country, a method `(unknown)` the kind `invalid`.
    `follows_from` is the same from the other side, for a dimension that is coarser than one of another file. The catalogue keeps
    such dimensions from dividing the same rows twice. `is_shipped` says that the vocabulary is a list that others keep, with
    other names in other versions. `names_machines` says that its values name machines of organisations where the traffic is
    `crawler`: there they may be published however few addresses have them. `within` names a dimension, and for its values which
    values of this one can be below them; None, or a value that is not there, leaves all. `form` is an expression that every
    value of an open dimension matches as a whole.
    """

    name: str
    description: str
    details: str
    scope: Scope
    reads: tuple[Read, ...] = field(compare=False)
    of: Callable[..., str] | None = field(default=None, compare=False)
    values: Container[str] | None = field(default=None, compare=False)
    determines: tuple[str, ...] = ()
    follows_from: tuple[str, ...] = ()
    is_shipped: bool = False
    names_machines: bool = False
    within: tuple[str, Mapping[str, Sequence[str]]] | None = field(default=None, compare=False)
    form: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        def refuse_if(wrong: object, message: str) -> None:
            if wrong:
                raise ValueError(f"dimension {self.name!r}: {message}")

        refuse_if(not re.fullmatch("[a-z][a-z_]{0,59}", self.name), "a name has small letters and underscores, 60 at most")
        refuse_if(self.name in COLUMN_NAMES, "the name is that of another column")
        refuse_if(not isinstance(self.scope, Scope), "its scope is not one of Scope")
        refuse_if(
            not self.reads or (self.of is None and (len(self.reads) > 1 or self.reads[0].view)),
            "it must read a column, and without `of` exactly one as it is",
        )
        refuse_if("<" in getattr(self.of, "__qualname__", ""), "`of` must be a module's function: workers find it by its name")
        refuse_if(isinstance(self.values, str), "a vocabulary is a collection of values, not a text")
        refuse_if(self.values is not None and OTHER in self.values, f"{OTHER} is kept for rare values")
        refuse_if(self.values is not None and "" in self.values, "an empty value cannot be published")
        for each in (self.determines, self.follows_from):
            refuse_if(
                not isinstance(each, tuple) or not all(isinstance(name, str) for name in each),
                "what it determines and follows from are tuples of names",
            )

    def possible(self, above: str | None) -> Sequence[str] | None:
        """The values that can be below a row; None if there are too many to tell.

        `above` is the row's value of the dimension that `within` names, or None.
        """
        below = self.within[1].get(above or "") if self.within else None
        if below is not None:
            return below
        return self.values if isinstance(self.values, tuple) else None

    @property
    def is_open(self) -> bool:
        """Whether its values come from the log."""
        return self.values is None


def listed(values: Iterable[str]) -> str:
    """Values for the data dictionary, in Markdown.

    >>> listed(("human", "bot"))
    '`human`, `bot`'
    """
    return ", ".join(f"`{value}`" for value in values)


def explained(meanings: Mapping[str, str]) -> str:
    """Values and their meanings for the data dictionary, in Markdown.

    >>> explained({"direct": "no referrer", "referral": "anything else"})
    '`direct`: no referrer; `referral`: anything else'
    """
    return "; ".join(f"`{value}`: {meaning}" for value, meaning in meanings.items())


@dataclass(frozen=True, slots=True)
class Matching:
    """A closed vocabulary of the texts that match an expression as a whole, and some others."""

    pattern: str
    others: tuple[str, ...] = ()

    def __contains__(self, value: object) -> bool:
        return value in self.others or (isinstance(value, str) and re.fullmatch(self.pattern, value) is not None)
