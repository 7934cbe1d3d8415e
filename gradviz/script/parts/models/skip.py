"""A skip around a network without a state."""

from torch import Tensor, nn


class Skip(nn.Module):
    """What a network reads is added to what it gives: y = f(x) + x."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.network(inputs)
        return outputs + inputs
