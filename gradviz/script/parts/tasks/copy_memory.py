"""Copy memory."""

import torch
from torch import Tensor
from torch.nn import functional

SYMBOLS = 8
RECALLED = 10
BLANK = SYMBOLS
CUE = SYMBOLS + 1


def copy_memory(wait: int, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(wait + 20, B, 10) inputs and (wait + 20, B) targets.

    input   10 symbols · wait − 1 blanks · the cue · 10 blanks
    target  wait + 10 blanks                       · the 10 symbols
    """
    symbols = torch.randint(0, SYMBOLS, (RECALLED, batch_size), generator=generator)
    tokens = torch.full((wait + 2 * RECALLED, batch_size), BLANK)
    targets = tokens.clone()
    tokens[:RECALLED] = symbols
    tokens[wait + RECALLED - 1] = CUE
    targets[-RECALLED:] = symbols
    return functional.one_hot(tokens, SYMBOLS + 2).float(), targets
