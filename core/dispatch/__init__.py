"""Who works on which lane, and when: one drain per lane, woken by an engine."""
