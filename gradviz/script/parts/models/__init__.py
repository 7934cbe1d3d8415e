"""Layers, their start, and ways through time."""
