"""Makes the run's secret as a side input: on a worker, the same for all consumers, never part of the graph."""

from __future__ import annotations

from operator import itemgetter

import apache_beam as beam

from transforms.masking.secret import new_secret


class MakeSecret(beam.PTransform):
    """One random secret. The grouping makes the runner keep it: a retried consumer sees the same one."""

    def expand(self, root: beam.pvalue.PBegin) -> beam.PCollection[bytes]:
        """A PCollection of one element."""
        made = root | "Once" >> beam.Impulse() | "Random" >> beam.Map(lambda _: (0, new_secret()))
        return made | "Keep" >> beam.GroupByKey() | "Only" >> beam.FlatMap(itemgetter(1))
