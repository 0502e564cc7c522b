"""Directions in a code along which an attribute changes: how they are found, what they change, and how that looks."""
