"""The steps of the graph, one file each. What a step computes lives in `transforms/`."""
