"""Takes nothing, gives the run's secret as a side input: made by a worker, equal for all, never part of the graph."""

from __future__ import annotations

import apache_beam as beam

from transforms.secret import new_secret


class MakeSecret(beam.PTransform):
    """One random secret. The Reshuffle makes the runner keep it: a retried consumer sees the same one."""

    def expand(self, root: beam.pvalue.PBegin) -> beam.PCollection[bytes]:
        """Gives a PCollection of one element."""
        return root | "Once" >> beam.Create([None]) | "Random" >> beam.Map(lambda _: new_secret()) | "Keep" >> beam.Reshuffle()
