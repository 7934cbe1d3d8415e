"""Constraints: the nearest allowed weights, and after every step nothing else."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from gradviz import RunConfig, Trainer
from gradviz.config import CELLS, ConfigError
from gradviz.remedies import constrain

H, LIMIT = 4, 0.4
KINDS = ("max_norm", "unit_norm", "non_negative", "spectral")


def _breach(block: np.ndarray, kind: str, limit: float) -> float:
    """By how much a gate's block (rows, columns) breaks the constraint."""
    norms = np.sqrt((block**2).sum(1))
    if kind == "max_norm":
        return float((norms - limit).max())
    if kind == "unit_norm":
        return float(np.abs(norms[norms > 0] - 1).max(initial=0))
    if kind == "spectral":
        return float(np.linalg.svd(block, compute_uv=False).max() - limit)
    return float(-block.min())


def _support(away: np.ndarray, kind: str) -> float:
    """Max ⟨away, X⟩ over all allowed X: by the norm that is dual to the constraint's."""
    if kind == "max_norm":
        return LIMIT * float(np.sqrt((away**2).sum(1)).sum())
    if kind == "spectral":
        return LIMIT * float(np.linalg.svd(away, compute_uv=False).sum())
    return 0.0 if away.max() <= 0 else np.inf


@pytest.mark.parametrize("kind", ["max_norm", "non_negative", "spectral"])
def test_each_gives_the_nearest_allowed_weights(kind: str) -> None:
    """P of a convex set is the nearest point of it where no X of it lies further along W − P."""
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(3 * H, 6, generator=generator, dtype=torch.float64)
    projected = weight.clone()
    constrain([projected], kind, LIMIT, H)
    for was, now in zip(weight.numpy().reshape(3, H, 6), projected.view(3, H, 6), strict=True):
        block = now.numpy()
        assert _breach(block, kind, LIMIT) < 1e-12
        assert np.abs(was - block).max() > 0.1
        reached = float(((was - block) * block).sum())
        assert reached == pytest.approx(_support(was - block, kind), abs=1e-10)
    inside = projected / 2
    again = inside.clone()
    constrain([again], kind, LIMIT, H)
    assert torch.equal(again, inside)


def test_rows_keep_their_direction() -> None:
    weight = torch.randn(2 * H, 6, generator=torch.Generator().manual_seed(2))
    weight[3] *= 1e-25
    capped, unit, bias = weight.clone(), weight.clone(), weight[:, 0].clone()
    constrain([capped], "max_norm", 2.0, H)
    torch.testing.assert_close(capped, torch.renorm(weight, 2, 0, 2.0), rtol=1e-6, atol=0)
    constrain([unit], "unit_norm", 5.0, H)
    exact = torch.nn.functional.normalize(weight.double(), eps=0.0)
    torch.testing.assert_close(unit.double(), exact, rtol=1e-6, atol=1e-7)
    constrain([bias], "unit_norm", 5.0, H)
    for gate, was in zip(bias.split(H), weight[:, 0].split(H), strict=True):
        torch.testing.assert_close(gate, was / was.norm())


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_number_is_left_to_be_told_of(kind: str) -> None:
    weight = torch.full((2 * H, H), 3.0)
    weight[0, 0], weight[1, 0], weight[2] = torch.inf, torch.nan, 0.0
    constrain([weight], kind, LIMIT, H)
    assert weight[0, 0] == torch.inf
    assert bool(weight[1, 0].isnan())
    assert not weight[2].any()
    assert _breach(weight[H:].double().numpy(), kind, LIMIT) < 1e-6


SETUPS = {
    "rnn": {"task": "copy_sequence", "attention": "general", "num_layers": 2},
    "lstm": {"task": "text_classification", "num_layers": 2, "embedding_size": 3},
    "gru": {"bidirectional": True, "num_layers": 2, "dtype": "float64"},
    "peephole_lstm": {"residual": True, "num_layers": 2},
    "mgu": {"bidirectional": True},
    "sru": {"task": "char_lm", "embedding_size": 3},
    "lru": {},
    "orthogonal_rnn": {},
    "fully_connected": {"num_layers": 2},
}
WHERE = {"inputs": r"weight_ih|hidden\.layers\.\d\.weight", "recurrent": "weight_hh"}
WHERE |= {"biases": r"(?<!readout\.)(?<!score\.)(?<!combine\.)(?<!cell_)bias"}


@pytest.mark.parametrize("cell", SETUPS)
def test_they_hold_after_every_step(cell: str) -> None:
    """Told by the names of the state dict, gate by gate; all else starts as it would."""
    spec = CELLS[cell]
    small = {"seq_len": 6, "hidden_size": H, "batch_size": 3, "learning_rate": 0.3}
    plain = RunConfig(**{**small, "cell": cell, "recurrent_gain": 3.0, **SETUPS[cell]})
    free = Trainer(plain).model.state_dict()
    for place in range(len(KINDS)):
        kinds = {"inputs": KINDS[place]}
        if spec.has_recurrent_weight:
            kinds["recurrent"] = KINDS[(place + 1) % 4]
        if spec.has_bias:
            kinds["biases"] = KINDS[(place + 2) % 3]
        fields = {"inputs": "input", "recurrent": "recurrent", "biases": "bias"}
        chosen = {f"{fields[part]}_constraint": kind for part, kind in kinds.items()}
        trainer = Trainer(plain.replace(constraint_limit=LIMIT, **chosen))
        for step in range(4):
            if step:
                trainer.train_step("none")
            held = set()
            for name, weight in trainer.model.state_dict().items():
                part = next((part for part in kinds if re.search(WHERE[part], name)), "")
                if part:
                    held.add(part)
                    rows = 1 if weight.dim() == 1 else H
                    for block in (
                        weight.double()
                        .numpy()
                        .reshape(-1, rows, weight[0].numel() * H if rows == 1 else weight.shape[1])
                    ):
                        assert _breach(block, kinds[part], LIMIT) < 1e-6
                elif not step:
                    assert torch.equal(weight, free[name]), name
            assert held == set(kinds)


def test_a_spectral_cap_bounds_the_jacobian() -> None:
    """‖J_t‖ ≤ γσ_max: a gain of 3 explodes, under a cap of 1 no Jacobian stretches."""
    config = RunConfig(
        seq_len=20,
        hidden_size=8,
        batch_size=4,
        recurrent_init="normal",
        recurrent_gain=3.0,
        activation="relu",
        optimizer="sgd",
        learning_rate=0.1,
    )
    free, capped = Trainer(config), Trainer(config.replace(recurrent_constraint="spectral"))
    assert free.train_step("full").layers["l0"].jacobian_norm.max() > 2
    norms = [capped.train_step("full").layers["l0"].jacobian_norm.max() for _ in range(5)]
    assert 0.5 < max(norms) < 1 + 1e-4


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"cell": "qrnn", "recurrent_constraint": "spectral"},
            "recurrent_constraint must be none for qrnn, which has no W_hh, got spectral.",
        ),
        (
            {"cell": "orthogonal_rnn", "recurrent_constraint": "max_norm"},
            "recurrent_constraint must be none for orthogonal_rnn, which makes its own W_hh, "
            "got max_norm.",
        ),
        (
            {"cell": "lru", "bias_constraint": "max_norm"},
            "bias_constraint must be none for lru, which has no biases, got max_norm.",
        ),
        (
            {"cell": "lstm", "omega": 0.5},
            "omega must be 0 for lstm, got 0.5; it is of cells whose J_t = diag(φ′) W_hh: "
            "rnn, irnn, linear_rnn.",
        ),
        (
            {"weight_decay": 4.0, "learning_rate": 0.5},
            "weight_decay must be at most 1 / learning_rate, 2, or every step would turn the "
            "weights' signs, got 4.",
        ),
    ],
)
def test_what_cannot_be_is_said(settings: dict, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        RunConfig(**settings)
    assert list(error.value.problems.values()) == [sentence]


def test_what_a_new_cell_cannot_have_gives_way() -> None:
    held = RunConfig(
        omega=2.0,
        recurrent_constraint="spectral",
        input_constraint="max_norm",
        bias_constraint="non_negative",
        l1=0.1,
    )
    lstm, lru = held.replace(cell="lstm"), held.replace(cell="lru")
    assert set(lstm.differences(held)) == {"cell", "omega"}
    assert set(lru.differences(held)) == {
        "cell",
        "omega",
        "recurrent_constraint",
        "bias_constraint",
    }
    with pytest.raises(ConfigError):
        held.replace(cell="lstm", omega=2.0)
