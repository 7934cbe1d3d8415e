"""Batches, one task a file: inputs (T, B, ·) and targets."""
