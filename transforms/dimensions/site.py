"""The dimension of the web site."""

from __future__ import annotations

from transforms.dimensions.dimension import Dimension, Read, Scope

SITE = Dimension(
    "site",
    "Domain name of the web site",
    "domain name of the web site, lower case, without port; from the log, else from `--input` or `--site`, else `(unknown)`",
    Scope.HIT,
    (Read("site"),),
    form=r"[a-z0-9_.-]+|\(unknown\)",
)
