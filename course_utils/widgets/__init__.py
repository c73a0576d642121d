"""Demos that a student can move, one a file."""
