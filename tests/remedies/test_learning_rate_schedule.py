"""Learning rates against PyTorch's own schedulers."""

import pytest
import torch

from gradviz import RunConfig, Trainer
from gradviz.remedies import learning_rate

STEPS = 60


def _of(scheduler_of, **settings) -> tuple[list[float], list[float]]:
    """Ours, and PyTorch's of the same name."""
    config = RunConfig(learning_rate=0.02, schedule_steps=20, schedule_factor=0.3, **settings)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.02)
    scheduler = scheduler_of(optimizer)
    theirs = []
    for _ in range(STEPS):
        theirs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return [learning_rate(config, step) for step in range(STEPS)], theirs


def test_steps_are_pytorchs():
    ours, theirs = _of(lambda o: torch.optim.lr_scheduler.StepLR(o, 20, 0.3), schedule="step")
    assert ours == pytest.approx(theirs, rel=1e-12)
    assert ours[19:21] == pytest.approx([0.02, 0.006])


def test_exponential_is_pytorchs():
    ours, theirs = _of(
        lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.3 ** (1 / 20)), schedule="exponential"
    )
    assert ours == pytest.approx(theirs, rel=1e-12)


def test_cosine_is_pytorchs_and_stays_at_its_end():
    ours, theirs = _of(
        lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 20, eta_min=0.006),
        schedule="cosine",
    )
    assert ours[:21] == pytest.approx(theirs[:21], rel=1e-9)
    assert ours[20:] == pytest.approx([0.006] * (STEPS - 20))


def test_warm_up_is_a_straight_line_and_then_the_schedule_begins():
    config = RunConfig(learning_rate=1.0, warmup_steps=4, schedule="step", schedule_steps=3)
    rates = [learning_rate(config, step) for step in range(11)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 1, 0.1, 0.1, 0.1, 0.01])


def test_off_is_the_config_s_own():
    assert [learning_rate(RunConfig(), step) for step in (0, 9)] == [RunConfig().learning_rate] * 2


def test_the_trainer_follows_it_and_says_so():
    """SGD's step is the rate times the gradient, so the rate can be read off the weights."""
    trainer = Trainer(
        RunConfig(
            seq_len=5, hidden_size=4, batch_size=4, optimizer="sgd", clip="none", warmup_steps=3
        )
    )
    for share in (1 / 3, 2 / 3, 1, 1):
        before = trainer.model.readout.weight.detach().clone()
        record = trainer.train_step("none")
        moved = before - trainer.model.readout.weight.detach()
        rate = float(moved.norm() / trainer.model.readout.weight.grad.norm())
        assert rate == pytest.approx(3e-3 * share, rel=1e-4)
        assert record.learning_rate == pytest.approx(3e-3 * share)
