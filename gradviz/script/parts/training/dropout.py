"""What is dropped out."""

import numpy as np


def dropout_seed(seed: int, step: int) -> int:
    """Of its own for every step, so that no step's masks depend on what was drawn before."""
    return int(np.random.SeedSequence((seed, step, 1)).generate_state(1)[0])
