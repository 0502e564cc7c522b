"""Outlier scores that need no model, or its codes alone; ``genlab.metrics.ranking`` tells what a score is worth."""
