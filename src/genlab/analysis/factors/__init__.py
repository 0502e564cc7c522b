"""Latents beside the known factors of a set: how they are measured, and the picture."""
