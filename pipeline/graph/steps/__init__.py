"""Takes a PCollection, gives a PCollection: one step of the graph a file. What a step computes lives in `transforms/`."""
