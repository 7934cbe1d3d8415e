"""Encoder–decoder: what it computes, and the gradient that crosses the bottleneck.

The independent road is the textbook's equations in a loop (`flow.reference`), every state
retained, with the attention written out for each sequence and pair of timesteps.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from gradviz.cells import of_another
from gradviz.config import CELLS as CELL_SPECS
from gradviz.config import RunConfig
from gradviz.flow import watch
from gradviz.history import CloseUpRequest
from gradviz.model import EncoderDecoder, build_model
from gradviz.tasks import Batch, task_of
from gradviz.training import Trainer
from tests.flow.reference import Unrolled, unroll

B, H, S = 3, 6, 7
CELLS = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
ATTENTIONS = pytest.mark.parametrize("attention", ["none", "dot", "general"])


def built(**settings: Any) -> tuple[EncoderDecoder, Any, Batch]:
    usual = {"task": "copy_sequence", "seq_len": S, "hidden_size": H, "dtype": "float64"}
    config = RunConfig(**usual | settings)
    task = task_of(config)
    model = build_model(config, task)
    assert isinstance(model, EncoderDecoder)
    batch = task.sample(B, torch.Generator().manual_seed(1)).to("cpu", torch.float64)
    return model, task, batch


def by_hand(
    model: EncoderDecoder, batch: Batch, *, cut: bool = False
) -> tuple[Tensor, Unrolled, Unrolled]:
    """The answer (T, B, O), and both networks unrolled, without any code of the model's.

    `cut`: what attention reads has no gradient.
    """
    source = torch.stack(list(batch.inputs)[::-1]) if model.reverses else batch.inputs
    encoder = unroll(model.encoder, source)
    state = tuple(each for each in (encoder.h_n, encoder.c_n) if each is not None)
    decoder = unroll(model.decoder, batch.decoder_inputs, state=state)
    top = decoder.output
    if model.attention is not None:
        read = encoder.output.detach() if cut else encoder.output
        top = torch.stack([attended(model, decoder.output, read, b) for b in range(B)], 1)
    return top @ model.readout.weight.T + model.readout.bias, encoder, decoder


def attended(model: EncoderDecoder, hidden: Tensor, encoded: Tensor, b: int) -> Tensor:
    """(T, H) of one sequence: Luong et al. 2015, eq. 5 and 7 and "dot" or "general"."""
    score, combine = model.attention.score, model.attention.combine
    W = score.weight if isinstance(score, torch.nn.Linear) else torch.eye(H, dtype=torch.float64)
    rows = []
    for h in hidden[:, b]:
        scores = torch.stack([h @ W @ e for e in encoded[:, b]])
        shares = scores.exp() / scores.exp().sum()
        context = sum(share * e for share, e in zip(shares, encoded[:, b], strict=True))
        rows.append(torch.tanh(combine.weight @ torch.cat([context, h]) + combine.bias))
    return torch.stack(rows)


@CELLS
@ATTENTIONS
@pytest.mark.parametrize("reverse_source", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_the_total_gradient_in_encoder_and_decoder(
    cell: str, attention: str, reverse_source: bool, num_layers: int
) -> None:
    """It reaches the encoder through h_n and c_n, and by attention at each of its timesteps."""
    model, task, batch = built(
        cell=cell, attention=attention, reverse_source=reverse_source, num_layers=num_layers
    )
    with watch(model.watched) as watching:
        answer = model.answer(batch)
        task.loss(answer, batch.targets).backward()
    expected, *pair = by_hand(model, batch)
    torch.testing.assert_close(answer, expected, rtol=1e-9, atol=1e-12)
    task.loss(expected, batch.targets).backward()
    assert tuple(watching.layers) == model.layer_names
    for part, unrolled in zip(("encoder", "decoder"), pair, strict=True):
        for suffix, trace in unrolled.traces.items():
            flow = watching.layers[f"{part}.{suffix}"]
            close(flow.hidden_grad, trace.hidden)
            if cell == "lstm":
                close(flow.cell_grad, trace.cell)


def close(found: Tensor, states: list[Tensor]) -> None:
    grads = torch.stack([state.grad for state in states])
    torch.testing.assert_close(found, grads, rtol=1e-9, atol=1e-9 * float(grads.abs().max()))


def test_without_attention_all_of_it_passes_the_bottleneck() -> None:
    """What reaches an earlier timestep is J_tᵀ … of what reached the encoder's last state."""
    for attention in ("none", "dot"):
        model, task, batch = built(cell="gru", attention=attention)
        with watch(model.watched) as watching:
            task.loss(model.answer(batch), batch.targets).backward()
        flow = watching.layers["encoder.l0"]
        carried = flow.hidden_grad[-1]
        for t in range(S, 1, -1):
            carried = torch.einsum("bnm,bn->bm", flow.jacobian(t), carried)
        is_all = torch.allclose(carried, flow.hidden_grad[0], rtol=1e-9, atol=0)
        assert is_all == (attention == "none")


@CELLS
def test_what_came_by_the_last_state_is_the_rest_without_attention(cell: str) -> None:
    """Against the loop in which no gradient goes through what attention reads."""
    model, task, batch = built(cell=cell, attention="general")
    with watch(model.watched) as watching:
        task.loss(model.answer(batch), batch.targets).backward()
    answer, encoder, _ = by_hand(model, batch, cut=True)
    task.loss(answer, batch.targets).backward()
    grads = torch.stack([state.grad for state in encoder.traces["l0"].hidden])
    found = watching.layers["encoder.l0"].last_state_grad_log10
    torch.testing.assert_close(10**found, grads.norm(dim=-1), rtol=1e-9, atol=0)
    whole = watching.layers["encoder.l0"].hidden_grad_norm
    assert not torch.allclose(10**found, whole, rtol=0.1)


def test_it_is_recorded_only_where_there_is_another_way() -> None:
    found = {}
    for attention in ("none", "dot"):
        usual = {"task": "copy_sequence", "cell": "gru", "seq_len": 6, "hidden_size": 5}
        trainer = Trainer(RunConfig(**usual, num_layers=2, attention=attention))
        layers = trainer.train_step("full").layers
        found[attention] = [layers[f"encoder.l{n}"].last_state_grad_log10 for n in (0, 1)]
        assert all(layers[f"decoder.l{n}"].last_state_grad_log10 is None for n in (0, 1))
    assert found["none"][1] is None
    assert found["dot"][1] is not None
    assert found["dot"][1].shape == (6, 8)


@pytest.mark.parametrize("layer", ["", "encoder.l0", "decoder.l1"])
def test_a_close_up_reads_what_its_own_network_read(layer: str) -> None:
    config = RunConfig(
        task="copy_sequence", cell="lstm", seq_len=6, hidden_size=5, num_layers=2, probe_size=2
    )
    trainer, twin = Trainer(config), Trainer(config)
    trainer.closeup = CloseUpRequest(layer=layer, sequence=2)
    closeup = trainer.train_step("full").closeup
    batch = twin._batch()
    assert closeup is not None
    assert closeup.layer == (layer or "decoder.l1")
    read = batch.inputs if layer == "encoder.l0" else batch.decoder_inputs
    assert (closeup.inputs == read[:, 1].numpy()).all()


@CELLS
def test_weights_are_decided_by_the_seed_and_the_same_in_both_dtypes(cell: str) -> None:
    model = built(cell=cell, attention="general")[0]
    single = built(cell=cell, attention="general", dtype="float32")[0].state_dict()
    for name, weight in model.state_dict().items():
        assert torch.equal(weight.float(), single[name])
    assert model.encoder.input_size == 8
    assert model.decoder.input_size == 9
    other = built(cell=cell, attention="general", seed=1)[0].state_dict()
    assert not any(torch.equal(each, other[name].double()) for name, each in single.items())


def test_attention_shares_sum_to_one_and_do_not_ask_for_the_order() -> None:
    model = built(attention="general")[0]
    hidden, encoded = torch.randn(2, S, B, H, dtype=torch.float64)
    shares = model.attention.shares(hidden, encoded)
    assert shares.shape == (S, B, S)
    torch.testing.assert_close(shares.sum(-1), torch.ones(S, B, dtype=torch.float64))
    torch.testing.assert_close(
        model.attention(hidden, encoded.flip(0)), model.attention(hidden, encoded)
    )


def test_forced_everywhere_is_the_same_as_not_asked() -> None:
    model, _, batch = built(cell="lstm")
    forced = torch.ones(S, B, dtype=torch.bool)
    assert torch.equal(model.answer(batch), model.answer(batch._replace(forced=forced)))


@ATTENTIONS
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_where_it_is_not_forced_it_goes_on_from_its_own_symbols(
    attention: str, share: float
) -> None:
    model, _, batch = built(cell="lstm", attention=attention, teacher_forcing=share, num_layers=2)
    assert batch.forced is not None
    found = model.answer(batch)
    told, own = batch.decoder_inputs[:1], []
    for t in range(S):
        answer = by_hand(model, batch._replace(decoder_inputs=told))[0]
        own.append(answer[-1].argmax(-1))
        if t < S - 1:
            following = one_hot(own[-1], 9).double()
            forced = batch.forced[t + 1][:, None]
            after = torch.where(forced, batch.decoder_inputs[t + 1], following)
            told = torch.cat([told, after[None]])
    torch.testing.assert_close(found, answer, rtol=1e-9, atol=1e-12)
    assert torch.equal(found.argmax(-1), torch.stack(own))
    assert not torch.allclose(found, model.answer(batch._replace(forced=None)))


@pytest.mark.parametrize("cell", [cell for cell, spec in CELL_SPECS.items() if spec.is_recurrent])
def test_every_cell_writes_symbol_by_symbol_as_at_once(cell: str) -> None:
    """What it chose from its own states of one timestep each is what it answers in one call."""
    usual = {"cell": cell, "num_layers": 2, "attention": "dot", "teacher_forcing": 0.5}
    model, _, batch = built(**usual)
    encoded, state = model.encoder(batch.inputs)
    state = of_another(model.decoder, state)
    given = model._drawn(encoded, state, batch.decoder_inputs, batch.forced)
    own = model.answer(batch)[:-1].argmax(-1)
    free = ~batch.forced[1:]
    assert free.any()
    assert torch.equal(given[1:].argmax(-1)[free], own[free])
    config = RunConfig(task="copy_sequence", seq_len=S, hidden_size=H, **usual)
    record = Trainer(config).train_step("full")
    assert tuple(record.layers) == config.layer_names
    assert record.layers["encoder.l1"].last_state_grad_log10 is not None


def test_what_it_chose_itself_is_measured_in_one_pass_too() -> None:
    model, task, batch = built(teacher_forcing=0.0)
    with watch(model.watched) as watching:
        task.loss(model.answer(batch), batch.targets).backward()
    assert tuple(watching.layers) == ("encoder.l0", "decoder.l0")
    assert watching.layers["decoder.l0"].hidden_grad.shape == (S, B, H)


@pytest.mark.parametrize("settings", [{}, {"teacher_forcing": 0.5}, {"attention": "dot"}])
def test_training_is_the_same_measured_or_not_and_resumed(settings: dict[str, Any]) -> None:
    config = RunConfig(task="copy_sequence", seq_len=6, hidden_size=8, cell="gru", **settings)
    bare, measured = Trainer(config), Trainer(config)
    losses = [bare.train_step("none").loss for _ in range(4)]
    records = [measured.train_step("full") for _ in range(2)]
    assert [record.loss for record in records] == losses[:2]
    assert set(records[0].layers) == {"encoder.l0", "decoder.l0"}
    assert set(Trainer(config).train_step("none").layers) == {"encoder.l0", "decoder.l0"}
    resumed = Trainer(config)
    resumed.restore(measured.checkpoint())
    assert [resumed.train_step("none").loss for _ in range(2)] == losses[2:]


def test_the_share_of_forcing_does_not_change_the_symbols() -> None:
    batches = {
        share: [task_of(RunConfig(task="copy_sequence", teacher_forcing=share))] for share in (0, 1)
    }
    drawn = []
    for (task,) in batches.values():
        generator = torch.Generator().manual_seed(2)
        drawn.append([task.sample(4, generator).targets for _ in range(3)])
    assert all(torch.equal(*pair) for pair in zip(*drawn, strict=True))
