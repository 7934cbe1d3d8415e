"""Encoder–decoder: one network reads the source, another writes the target.

Sutskever, Vinyals & Le 2014 (arXiv 1409.3215): the encoder's last state, of all layers, starts the
decoder; without attention that is all the decoder ever learns of the source, the *bottleneck*.
With attention (Luong, Pham & Manning 2015, arXiv 1508.04025, §3.1) it also reads every state e_s
of the encoder's top layer:

    a_ts = softmax over s of score(h_t, e_s),   c_t = Σ_s a_ts e_s,   h̃_t = tanh(W_c [c_t; h_t] + b)

Index legend: S timesteps of the encoder, T of the decoder, B sequences, I and D input sizes of
the two, H hidden size, O output size.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from gradviz.cells import of_another
from gradviz.config import RunConfig
from gradviz.model.recurrent import recurrent_of
from gradviz.remedies import norm_of
from gradviz.tasks import Batch, Task


class GlobalAttention(nn.Module):
    """Luong's global attention, after the decoder: h̃ is not fed back (no "input feeding").

    So the decoder stays one call of PyTorch's fused module.
    """

    def __init__(self, width: int, *, is_general: bool) -> None:
        super().__init__()
        self.score: nn.Module = (
            nn.Linear(width, width, bias=False, dtype=torch.float64)
            if is_general
            else nn.Identity()
        )
        self.combine = nn.Linear(2 * width, width, dtype=torch.float64)

    def shares(self, hidden: Tensor, encoded: Tensor) -> Tensor:
        """(T, B, S) a_ts, which sum to 1 over s."""
        return torch.einsum("tbh,sbh->tbs", hidden, self.score(encoded)).softmax(-1)

    def forward(self, hidden: Tensor, encoded: Tensor) -> Tensor:
        """(T, B, H) h̃_t of (T, B, H) and (S, B, H)."""
        context = torch.einsum("tbs,sbh->tbh", self.shares(hidden, encoded), encoded)
        return torch.tanh(self.combine(torch.cat([context, hidden], -1)))


class EncoderDecoder(nn.Module):
    """Reads a source, then writes a target of one symbol a timestep.

    Attributes:
        encoder: its recurrent layers.
        decoder: those of the decoder, of the same kind and size.
        attention: None without.
        norm: of the decoder's state, or h̃, before it is read out.
        readout: from there to the answer.
        reverses: whether the source is read from its end, which brings the first symbols of
            source and target close to each other (Sutskever et al., §3.3).
    """

    def __init__(self, config: RunConfig, task: Task) -> None:
        super().__init__()
        H = config.hidden_size
        self.encoder = recurrent_of(config, task.input_size)
        self.decoder = recurrent_of(config, task.decoder_size)
        self.attention = (
            None
            if config.attention == "none"
            else GlobalAttention(H, is_general=config.attention == "general")
        )
        self.norm = norm_of(config.norm, H)
        self.readout = nn.Linear(H, task.output_size, dtype=torch.float64)
        self.reverses = config.reverse_source
        self.layer_names = config.layer_names
        self.to(device=config.device, dtype=getattr(torch, config.dtype))

    @property
    def watched(self) -> nn.Module:
        """What the instrument watches, so that its layers have `layer_names`."""
        return self

    def answer(self, batch: Batch) -> Tensor:
        """(T, B, O) for a batch."""
        assert batch.decoder_inputs is not None, "a task for an encoder–decoder gives them"
        answer: Tensor = self(batch.inputs, batch.decoder_inputs, batch.forced)
        return answer

    def forward(self, source: Tensor, told: Tensor, forced: Tensor | None = None) -> Tensor:
        """(T, B, O) logits.

        Args:
            source: (S, B, I).
            told: (T, B, D) what the decoder reads while it is forced: start symbol, then the
                target shifted by one, one-hot.
            forced: (T, B) True where it is told the right symbol before; None: everywhere.
        """
        encoded, state = self.encoder(source.flip(0) if self.reverses else source)
        state = of_another(self.encoder, state)
        if forced is not None:
            told = self._drawn(encoded, state, told, forced)
        hidden, _ = self.decoder(told, state)
        return self._answer(hidden, encoded)

    def _answer(self, hidden: Tensor, encoded: Tensor) -> Tensor:
        read = hidden if self.attention is None else self.attention(hidden, encoded)
        answer: Tensor = self.readout(self.norm(read))
        return answer

    @torch.no_grad()
    def _drawn(self, encoded: Tensor, state: Any, told: Tensor, forced: Tensor) -> Tensor:
        """(T, B, D) what the decoder reads: where it is not forced, its own likeliest symbol.

        Scheduled sampling (Bengio, Vinyals, Jaitly & Shazeer 2015, arXiv 1506.03099). A choice of
        a symbol has no gradient, so the choices are made first and the decoder is then called
        once with all of them: the same numbers, and one pass to be measured.
        """
        given = [told[0]]
        for t in range(1, len(told)):
            hidden, state = self.decoder(given[-1].unsqueeze(0), state)
            own = self._answer(hidden, encoded)[0].argmax(-1)
            guessed = one_hot(own, told.shape[-1]).to(told.dtype)
            given.append(torch.where(forced[t].unsqueeze(-1), told[t], guessed))
        return torch.stack(given)
