"""RunConfig: the only description of a run.

A page's settings, the URL, a scenario and a test are all RunConfigs. This
module knows neither torch nor streamlit; validation is pydantic's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import parse_qs

from pydantic import ConfigDict, ValidationError, model_validator

from gradviz.config.cell_specs import CELLS
from gradviz.config.fields import Fields, allowed, is_optional, must_be
from gradviz.config.remedy_fields import giving_way
from gradviz.config.remedy_fields import misfit as remedy_misfit
from gradviz.config.shown import shown, span
from gradviz.config.state import misfit as state_misfit
from gradviz.config.task_specs import TASKS
from gradviz.config.truncation import Window, windows
from gradviz.config.window import misfit as window_misfit
from gradviz.config.work import MOST_CHARACTERS, SIZES, WORD_COST, word_misfit, work_misfit

PAGE_WORDS = frozenset({"hide", "recorded"})
"""What a page's address may ask for beside the settings: what is left out, the recorded run."""


class ConfigError(ValueError):
    """A setting that cannot be.

    `problems` holds one sentence a field; under "work", one for sizes that are too much together.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


class RunConfig(Fields):
    """All that decides a run. Same config, machine and torch version: same numbers.

    Raises:
        ConfigError: one sentence a wrong field, naming what came and its range.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        hide_input_in_errors=True,
        protected_namespaces=(),
    )

    def __init__(self, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise ConfigError(_sentences(error, settings)) from None

    @model_validator(mode="before")
    @classmethod
    def _seq_len_of_the_task(cls, settings: Any) -> Any:
        """A task whose data fix the length brings its own where none was asked for."""
        spec = TASKS.get(settings.get("task", "")) if isinstance(settings, dict) else None
        if spec and "seq_len" not in settings:
            low, high = spec.seq_len
            default = cls.model_fields["seq_len"].default
            return {**settings, "seq_len": min(max(default, low), high)}
        return settings

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        low, high = TASKS[self.task].seq_len
        if not low <= self.seq_len <= high:
            raise _MisfitError(
                "seq_len", must_be("seq_len", span(low, high), self.seq_len, self.task)
            )
        one_way = TASKS[self.task].one_way
        if self.bidirectional and one_way:
            raise _MisfitError(
                "bidirectional",
                f"bidirectional must be False for {self.task}, got True; {one_way}.",
            )
        if self.data and not TASKS[self.task].own_data:
            takers = [name for name, spec in TASKS.items() if spec.own_data]
            raise _MisfitError(
                "data",
                f"data must be empty for {self.task}, got {shown(self.data)}; data of your own are "
                f"for {', '.join(takers)}.",
            )
        if found := (
            word_misfit(self)
            or window_misfit(self)
            or state_misfit(self)
            or remedy_misfit(self)
            or work_misfit(self)
        ):
            raise _MisfitError(*found)
        return self

    @property
    def timesteps(self) -> int:
        """T, the timesteps of one sequence; an encoder's and its decoder's are as many each."""
        return self.seq_len + TASKS[self.task].extra_timesteps

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Of the recurrent layers as the instrument names them: "l0", "l0_reverse", "l1", ….

        Of an encoder–decoder "encoder.l0", …, "decoder.l0", …. What is measured of a network that
        reads the whole window at once is the "window".
        """
        if not CELLS[self.cell].is_recurrent:
            return ("window",)
        sides = ("", "_reverse") if self.bidirectional else ("",)
        names = [f"l{index}{side}" for index in range(self.num_layers) for side in sides]
        if not self.is_pair:
            return tuple(names)
        return tuple(f"{part}.{name}" for part in ("encoder", "decoder") for name in names)

    @property
    def windows(self) -> tuple[Window, ...]:
        """Of truncated backpropagation, first to last; () where nothing is truncated."""
        if self.is_pair or not 0 < self.bptt_window < self.timesteps:
            return ()
        at_end = TASKS[self.task].answers == "once" and self.readout == "last"
        every = self.timesteps if at_end else self.bptt_every or self.bptt_window
        return windows(self.timesteps, every, self.bptt_window)

    @property
    def overlap(self) -> int:
        """How often a timestep is gone back through, on average and rounded up; about k2/k1."""
        return max(1, -(-sum(each.end - each.first for each in self.windows) // self.timesteps))

    @property
    def work(self) -> int:
        """hidden_size² · timesteps · batch_size · num_layers, which WORK_BUDGET bounds.

        Times two for both directions and of an encoder–decoder, and times the overlap of truncated
        backpropagation's windows.
        """
        sides = (2 if self.bidirectional else 1) * (2 if self.is_pair else 1)
        layers = self.num_layers * sides * self.overlap
        return self.hidden_size**2 * self.timesteps * self.batch_size * layers

    @property
    def is_pair(self) -> bool:
        """Whether it is an encoder with its decoder."""
        return TASKS[self.task].network == "encoder_decoder"

    @property
    def word_work(self) -> int:
        """Of a language model, which WORD_BUDGET bounds; 0 for other tasks.

        (hidden_size + WORD_COST) · kinds of tokens · timesteps · batch_size.
        """
        return (self.hidden_size + WORD_COST) * self.kinds * self.timesteps * self.batch_size

    @property
    def kinds(self) -> int:
        """Between which a language model chooses at every timestep."""
        spec = TASKS[self.task]
        if not spec.has_perplexity:
            return 0
        return self.vocabulary_size if spec.tokens == "words" else MOST_CHARACTERS

    def replace(self, **changes: Any) -> RunConfig:
        """The same settings but for `changes`, validated.

        With a new task, a seq_len that it does not allow gives way to the nearest allowed, data
        that it cannot learn from to its own, and a state that it cannot carry to none; what it
        cannot read backward is read forward. With a cell without recurrence, likewise. Remedies
        that the new cell or task cannot have are turned off.
        """
        settings = {**self.to_dict(), **changes}
        spec = TASKS.get(settings["task"])
        if spec and "seq_len" not in changes:
            low, high = spec.seq_len
            settings["seq_len"] = min(max(self.seq_len, low), high)
        if spec and "data" not in changes and spec.own_data != TASKS[self.task].own_data:
            settings["data"] = ""
        cell = CELLS.get(settings["cell"])
        one_way = (spec and spec.one_way) or (cell and not cell.is_recurrent)
        if one_way and "bidirectional" not in changes:
            settings["bidirectional"] = False
        if spec and not spec.has_stream and "state" not in changes:
            settings["state"] = "stateless"
        if spec and spec.network == "encoder_decoder" and "bptt_window" not in changes:
            settings |= {"bptt_window": 0, "bptt_every": 0}
        if cell and not cell.is_recurrent:
            settings |= {"state": "stateless", "bptt_window": 0} | changes
        settings |= giving_way(settings) | changes
        return RunConfig(**settings)

    def to_dict(self) -> dict[str, Any]:
        """Every field, as plain Python values."""
        return self.model_dump()

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> RunConfig:
        """The config of `to_dict`'s output; missing fields take their default.

        Raises:
            ConfigError: for unknown names and values out of range.
        """
        return cls(**settings)

    def differences(self, other: RunConfig | None = None) -> dict[str, Any]:
        """The fields in which this config differs from `other` (None: the default run)."""
        base = (other or RunConfig(task=self.task)).to_dict() | (
            {} if other else {"task": RunConfig.model_fields["task"].default}
        )
        return {name: value for name, value in self.to_dict().items() if value != base[name]}

    def to_query(self) -> dict[str, str]:
        """Every setting that differs from the default, as URL query parameters."""
        return {name: str(value) for name, value in self.differences().items()}

    @classmethod
    def from_query(
        cls, query: str | Mapping[str, str | list[str]], base: RunConfig | None = None
    ) -> tuple[RunConfig, list[str]]:
        """The config a URL asks for, and a sentence for each thing in it that cannot be.

        A field with a problem takes its default; nothing here raises.

        Args:
            query: "a=1&b=2", or names to a value or to all values given under that name.
            base: whose values are the defaults; None is the default run.
        """
        default = "default" if base is None else "first set-up's"
        if isinstance(query, str):
            query = parse_qs(query.lstrip("?"), keep_blank_values=True)
        settings: dict[str, Any] = {}
        problems: list[str] = []
        for name, given in query.items():
            values = [given] if isinstance(given, str) else list(given)
            if name in PAGE_WORDS:
                continue
            if name not in cls.model_fields:
                problems.append(f"There is no setting named {shown(name)}; it was ignored.")
            elif len(values) != 1:
                problems.append(
                    f"{name} must be given once, got {len(values)} values; the {default} is used."
                )
            elif is_optional(name) and values[0] in {"", "None"}:
                settings[name] = None
            else:
                settings[name] = values[0]
        # Each pass drops the fields that were wrong, so this ends with the default run at worst.
        while True:
            try:
                return base.replace(**settings) if base else cls(**settings), problems
            except ConfigError as error:
                problems += [f"{text} The {default} is used." for text in error.problems.values()]
                wrong = set(error.problems)
                if "work" in wrong:
                    wrong |= SIZES
                kept = {name: value for name, value in settings.items() if name not in wrong}
                # A task's extra timesteps alone can pass the budget of a base near its end.
                settings = kept if len(kept) < len(settings) else {}


class _MisfitError(ValueError):
    """Fields that are each in range but do not fit together."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence


def _sentences(error: ValidationError, settings: Mapping[str, Any]) -> dict[str, str]:
    problems: dict[str, str] = {}
    for item in error.errors(include_url=False):
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, _MisfitError):
            problems[cause.field] = cause.sentence
            continue
        name = str(item["loc"][0])
        if name not in RunConfig.model_fields:
            problems[name] = f"There is no setting named {shown(name)}."
        else:
            problems[name] = must_be(name, allowed(name), settings.get(name))
    return problems
