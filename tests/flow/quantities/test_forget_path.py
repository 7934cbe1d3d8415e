"""An LSTM's memory over one timestep against autograd on the equations."""

from __future__ import annotations

import pytest
import torch
from passes import build, flow_of, flows_of, inputs_of
from torch import Tensor, nn

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")


def rest_of(module: nn.LSTM, cell: Tensor, output: Tensor, x: Tensor) -> Tensor:
    """∂c_t/∂c_{t−1} without diag(f), of one sequence: (H,) c_{t−1}, o_{t−1} and (I,) x_t."""

    def memory(cell: Tensor) -> Tensor:
        hidden = output * torch.tanh(cell)
        if module.proj_size:
            hidden = module.weight_hr_l0 @ hidden
        drive = module.weight_ih_l0 @ x + module.weight_hh_l0 @ hidden
        drive = drive + module.bias_ih_l0 + module.bias_hh_l0
        i, f, g, _ = drive.chunk(4)
        return f.sigmoid() * cell + i.sigmoid() * g.tanh()

    def forget(cell: Tensor) -> Tensor:
        hidden = output * torch.tanh(cell)
        if module.proj_size:
            hidden = module.weight_hr_l0 @ hidden
        drive = module.weight_ih_l0 @ x + module.weight_hh_l0 @ hidden
        return (drive + module.bias_ih_l0 + module.bias_hh_l0).chunk(4)[1].sigmoid()

    whole = torch.autograd.functional.jacobian(memory, cell)
    return whole - forget(cell).detach().diag()


@pytest.mark.parametrize("projection", [0, 2])
def test_both_terms_equal_those_of_autograd(projection: int) -> None:
    module, inputs = build("lstm", proj_size=projection), inputs_of(5, 2)
    flow = flow_of(module, inputs)
    kept, rest = flow.forget_path(tolerance=1e-12)
    torch.testing.assert_close(kept, flow.gates["forget"].amax(-1), rtol=1e-12, atol=0)
    assert flow.cell is not None
    assert rest[0].tolist() == [0, 0]
    for t in range(1, 5):
        for b in range(2):
            matrix = rest_of(
                module, flow.cell[t - 1, b], flow.gates["output"][t - 1, b], inputs[t, b]
            )
            expected = float(torch.linalg.matrix_norm(matrix, 2))
            assert float(rest[t, b]) == pytest.approx(expected, rel=1e-9)


def test_the_reverse_direction_of_a_packed_batch_comes_from_the_timestep_behind() -> None:
    module, inputs, lengths = build("lstm", bidirectional=True), inputs_of(5, 2), [5, 3]
    flow = flows_of(module, inputs, lengths)["l0_reverse"]
    kept, rest = flow.forget_path()
    assert kept.isnan().tolist() == rest.isnan().tolist()
    assert rest.isnan().sum(0).tolist() == [0, 2]
    # Each begins at its own last timestep.
    assert float(rest[4, 0]) == float(rest[2, 1]) == 0
    assert bool((rest[:4, 0] > 0).all())


def test_without_recurrent_weights_there_is_only_the_forget_gate() -> None:
    module = build("lstm")
    with torch.no_grad():
        module.weight_hh_l0.zero_()
    assert flow_of(module, inputs_of(4, 2)).forget_path().rest.tolist() == 4 * [[0, 0]]


@pytest.mark.parametrize("name", ["forget_path", "forget_product_log10", "cell_transport_log10"])
def test_other_cells_get_a_sentence(name: str) -> None:
    flow = flow_of(build("gru"), inputs_of(3, 1))
    with pytest.raises(ValueError, match=rf"^{name} is an LSTM's; this layer is a gru\.$"):
        getattr(flow, name)()
