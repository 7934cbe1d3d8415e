"""Windows of one long series: anywhere at random, or as parallel streams in their order.

Index legend: T timesteps of a window, B sequences, L values of one stream, K values
after a window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradviz.config import ConfigError

if TYPE_CHECKING:
    import torch


def windows(values: torch.Tensor, starts: torch.Tensor, timesteps: int) -> torch.Tensor:
    """(T, B, …): `timesteps` values of a series (N, …) from each of the starts (B,) on."""
    import torch

    return values[starts + torch.arange(timesteps, device=starts.device)[:, None]]


def walk(
    values: torch.Tensor,
    timesteps: int,
    skip_step: int,
    batch_size: int,
    index: int,
    following: int = 1,
) -> tuple[torch.Tensor, bool]:
    """Window `index` of each stream, with the K values after it, and whether the streams go on.

    The series is cut into B streams of L = ⌊(N − K)/B⌋ values that are read side by side; window k
    of a stream begins at its value k·skip_step. After the last whole window the walk begins anew.

    Args:
        values: (N, …), the series.
        timesteps: T.
        skip_step: from the start of one window to the start of the next.
        batch_size: B.
        index: 0 is the first.
        following: K.

    Returns:
        (T + K, B, …), and False where the walk begins.

    Raises:
        ConfigError: where a stream is shorter than a window.
    """
    import torch

    length = (len(values) - following) // batch_size
    if length < timesteps:
        most = (len(values) - following) // timesteps
        sentence = (
            f"batch_size must be at most {most} to read {len(values):,} values as streams of at "
            f"least {timesteps} timesteps, got {batch_size}; make the batch or the sequence "
            "smaller."
        )
        raise ConfigError({"batch_size": sentence})
    place = index % ((length - timesteps) // skip_step + 1)
    starts = torch.arange(batch_size) * length + place * skip_step
    return windows(values, starts, timesteps + following), place > 0
