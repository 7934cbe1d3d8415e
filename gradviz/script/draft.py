"""Draft: a script while it is being written, slot by slot.

Each writer looks at the config and adds to the slots that it is about; `text` then puts the slots
in their order. So no writer needs to know of another.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gradviz.config import RunConfig


@dataclass
class Draft:
    """Lines of Python, without indentation of their own place."""

    config: RunConfig
    settings: dict[str, str] = field(default_factory=dict)
    """The constants on top: name to the lines that set it."""
    wanted: list[tuple[str, str]] = field(default_factory=list)
    """Part and name of each definition that the lines below use."""
    notes: list[str] = field(default_factory=list)
    """Sentences of the script's docstring: what else it needs, or should be known."""

    classes: list[str] = field(default_factory=list)
    """That are written for this run alone, in front of Model: several lines each."""
    title: str = ""
    """Of the class Model: its docstring's first line."""
    equations: tuple[str, ...] = ()
    """Of the recurrent layers, where no class of theirs says it."""
    arguments: dict[str, str] = field(default_factory=dict)
    """What Model is made with that only the data know: name to the expression of its value."""
    attributes: list[str] = field(default_factory=list)
    """Of `Model.__init__`, in the order in which gradviz draws the weights."""
    layers: list[str] = field(default_factory=list)
    """The attributes that are the layers: "recurrent", or "encoder" and "decoder", or "hidden"."""
    methods: list[str] = field(default_factory=list)
    """Of Model: each with its def, several lines."""

    data: list[str] = field(default_factory=list)
    """Before the loop: what is read once."""
    started: list[str] = field(default_factory=list)
    """Before the loop, behind the optimiser: generators, states."""
    stage: list[str] = field(default_factory=list)
    """In the loop, in front of the batch: where training changes; makes `optimizer` too."""
    batch: list[str] = field(default_factory=list)
    """Makes `inputs` and `targets`; what prepares inputs goes here too."""
    forward: list[str] = field(default_factory=list)
    """Makes `loss`; penalties are added to it here."""
    backward: list[str] = field(default_factory=list)
    """`loss.backward()` and, before the clip, what is done to gradients."""
    clip: list[str] = field(default_factory=list)
    before_step: list[str] = field(default_factory=list)
    """Between the clip and the optimiser's step: what sets the optimiser."""
    after_step: list[str] = field(default_factory=list)
    """Behind the optimiser's step: constraints, schedules, the state to go on with."""

    optimizer: str = ""
    """The expression that makes it."""
    outputs: str = ""
    """The expression that is the model's answer."""

    def setting(self, name: str) -> str:
        """The constant of a RunConfig's field, which is then written on top."""
        return self.constant(name.upper(), repr(getattr(self.config, name)))

    def constant(self, name: str, value: str, note: str = "") -> str:
        """A constant of another value, as Python writes it, below a comment on what it is."""
        self.settings[name] = (f"# {note}\n" if note else "") + f"{name} = {value}"
        return name

    def number(self, expression: str) -> int:
        """What an expression is: a whole number, or the constant of a RunConfig's field."""
        is_constant = expression.isidentifier()
        return int(getattr(self.config, expression.lower()) if is_constant else expression)

    def use(self, part: str, name: str) -> str:
        """A definition of a part, "tasks.adding", which is then written into the script."""
        if (part, name) not in self.wanted:
            self.wanted.append((part, name))
        return name

    @property
    def timesteps(self) -> str:
        """T, as an expression."""
        extra = self.config.timesteps - self.config.seq_len
        return self.setting("seq_len") + (f" + {extra}" if extra else "")

    @property
    def is_pretrained(self) -> bool:
        """Whether some weights are frozen at first."""
        return self.config.pretrain_steps > 0

    @property
    def is_stateful(self) -> bool:
        """Whether the state at the end of one batch starts the next."""
        return self.config.state == "stateful"
