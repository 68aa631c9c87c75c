"""Unknown numbers, and what an attacker knows of them: equations and inequalities, for linear and for integer programming."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

Expression = dict[int, float]
"""A weighted sum of unknowns, by their numbers."""

EPSILON = 1e-6


def plus(*parts: Expression) -> Expression:
    """The sum of sums."""
    total: Expression = {}
    for part in parts:
        for at, factor in part.items():
            total[at] = total.get(at, 0) + factor
    return total


def less(one: Expression, other: Expression) -> Expression:
    """The difference of two sums."""
    return plus(one, {at: -factor for at, factor in other.items()})


class Unknowns:
    """Numbers that are not negative, each with a name, its true value, and what is known of all of them."""

    def __init__(self) -> None:
        self.number: dict[tuple[str, ...], int] = {}
        self.true: list[float] = []
        self._known: list[tuple[Expression, float, float]] = []

    def unknown(self, *name: str) -> int:
        """The number of an unknown, which is new if its name is."""
        if name not in self.number:
            self.number[name] = len(self.true)
            self.true.append(0.0)
        return self.number[name]

    def know(self, amount: Expression, least: float, most: float = np.inf) -> None:
        """This sum is at least and at most so much."""
        self._known.append((amount, least, most))

    def equal(self, one: Expression, other: Expression) -> None:
        """Two sums are equal."""
        self.know(less(one, other), 0, 0)

    def contains(self, whole: Expression, part: Expression) -> None:
        """One sum is at least the other."""
        self.know(less(whole, part), 0)

    def value(self, amount: Expression, values: np.ndarray | list[float]) -> float:
        """What a sum is in one world."""
        return float(sum(factor * values[at] for at, factor in amount.items()))

    def check(self) -> None:
        """The truth must be possible: otherwise the attacker believes something false, and proves nothing."""
        names = list(self.number)
        for amount, least, most in self._known:
            found = self.value(amount, self.true)
            parts = [(names[at], factor, self.true[at]) for at, factor in amount.items() if self.true[at]]
            assert least - EPSILON <= found <= most + EPSILON, (least, found, most, parts)

    @cached_property
    def _constraints(self) -> LinearConstraint:
        which = [number for number, (amount, _, _) in enumerate(self._known) for _ in amount]
        columns = [at for amount, _, _ in self._known for at in amount]
        factors = [factor for amount, _, _ in self._known for factor in amount.values()]
        rows = csr_array((factors, (which, columns)), shape=(len(self._known), len(self.true)))
        return LinearConstraint(rows, [least for _, least, _ in self._known], [most for _, _, most in self._known])

    def world(self, amount: Expression, whole: bool = False) -> np.ndarray:
        """A possible world in which this sum is least; `whole` if all unknowns are whole numbers there."""
        target = np.zeros(len(self.true))
        for at, factor in amount.items():
            target[at] += factor
        found = milp(
            target,
            integrality=np.full(len(target), int(whole)),
            bounds=Bounds(0, np.inf),
            constraints=self._constraints,
            options={"presolve": not whole},  # of scipy 1.17 it errs now and then: it finds no world, or not the one with least
        )
        assert found.success, found.message
        values: np.ndarray = np.round(found.x) if whole else found.x
        sums = self._constraints.A @ values
        assert (values >= -EPSILON).all()
        assert (sums >= self._constraints.lb - EPSILON).all()
        assert (sums <= self._constraints.ub + EPSILON).all()
        return values
