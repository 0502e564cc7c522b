"""Traversals of a code: one dimension changed while the others stay."""
