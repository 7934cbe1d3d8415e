"""What mathematics says beforehand, in NumPy: to be drawn beside what was measured.

- `linear`: powers of a matrix, all that a linear network does to a gradient.
- `mean_field`: how fast gradients grow in a wide random tanh network.
- `cliff`: a single unit's error surface, its wall, and gradient descent on it.
- `growth`: what a measured layer did to a gradient, by lag, and what these say of it.
"""
