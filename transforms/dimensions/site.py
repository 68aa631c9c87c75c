"""The dimension of the web site."""

from __future__ import annotations

from transforms.dimensions.dimension import Dimension, Read, Scope

SITE = Dimension("site", "Domain name of the web site", Scope.HIT, (Read("site"),))
