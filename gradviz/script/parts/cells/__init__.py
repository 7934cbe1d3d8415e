"""The cells that PyTorch has no module for: one a file, as a textbook writes it."""
