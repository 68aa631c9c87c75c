"""From hits to counts: shards, visits, cells."""
