"""How a batch goes through the recurrent layers and back: whole, in pieces, in windows."""

from __future__ import annotations

from dataclasses import dataclass

from gradviz.script.draft import Draft

_CUTS = "No gradient goes back from the timesteps after a cut to those before."
_WINDOWS = "(first, since, end): the losses of since … end go back to first, no further."


@dataclass(frozen=True)
class Way:
    """Forward and back.

    Attributes:
        cuts: the timesteps before which the gradient stops, as an expression; empty for none.
        windows: (first, since, end) of windows that overlap, as an expression; empty for none.
    """

    cuts: str = ""
    windows: str = ""

    @property
    def reads_twice(self) -> bool:
        """Once for the loss, and each window again for the way back."""
        return bool(self.windows)

    def read(self, draft: Draft, inputs: str) -> str:
        """Within the model: the line that makes `hidden`, and `last` where it is carried on."""
        state = "state" if draft.is_stateful else "None"
        last = "last" if draft.is_stateful else "_"
        if self.cuts:
            read = draft.use("models.truncated", "read_in_pieces")
            cuts = draft.constant("CUTS", self.cuts, _CUTS)
            return f"hidden, {last} = {read}(self.recurrent, {inputs}, {state}, {cuts})"
        arguments = f"{inputs}, state" if draft.is_stateful else inputs
        return f"hidden, {last} = self.recurrent({arguments})"

    def propagate(self, draft: Draft, inputs: str) -> None:
        """In the loop: what the model answers, and the way back from the loss."""
        state = "state if goes_on else None"
        if draft.is_stateful and not draft.is_pretrained:
            draft.started.append("state = None")
        if self.windows:
            self._propagate_twice(draft, inputs, state if draft.is_stateful else "None")
            return
        draft.outputs = f"model({inputs})"
        draft.backward.append("loss.backward()")
        if not draft.is_stateful:
            return
        draft.forward.append(f"outputs, state = model({inputs}, {state})")
        draft.outputs = "outputs"
        if not self.cuts:
            draft.after_step.append(f"state = {draft.use('models.state', 'detached')}(state)")

    def _propagate_twice(self, draft: Draft, inputs: str, state: str) -> None:
        read = draft.use("models.truncated", "read_in_windows")
        windows = draft.constant("WINDOWS", self.windows, _WINDOWS)
        last = "state" if draft.is_stateful else "_"
        if inputs != "inputs":
            draft.forward.append(f"inputs = {inputs}")
        draft.forward.append(
            f"hidden, own, {last} = {read}(model.recurrent, inputs, {state}, {windows})"
        )
        draft.outputs = "model.read_out(hidden)"
        draft.backward += [
            "loss.backward()  # Leaves in hidden.grad what it asks of every h_t directly.",
            f"asked = [hidden.grad[since:end] for _, since, end in {windows}]",
            "torch.autograd.backward(own, asked)",
        ]


def way_of(draft: Draft) -> Way:
    """The config's."""
    windows = draft.config.windows
    if not windows:
        return Way()
    if any(each.first < each.since for each in windows):
        return _overlapping(draft)
    return Way(cuts=_cuts(draft, at_end=len(windows) == 1))


def _cuts(draft: Draft, *, at_end: bool) -> str:
    """Every k timesteps, counted from the end; or once, k before the end."""
    timesteps, back = draft.timesteps, draft.setting("bptt_window")
    if at_end:
        return f"({timesteps} - {back},)"
    return f"sorted(range({timesteps} - {back}, 0, -{back}))"


def _overlapping(draft: Draft) -> Way:
    """Every k1 timesteps, counted from the end, the losses since go back through k2."""
    back, every = draft.setting("bptt_window"), draft.setting("bptt_every")
    rows = [
        f"(max(end - {back}, 0), max(end - {every}, 0), end)",
        f"for end in sorted(range({draft.timesteps}, 0, -{every}))",
    ]
    return Way(windows="\n".join(["[", *(f"    {row}" for row in rows), "]"]))
