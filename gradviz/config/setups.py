"""Set-ups: two to four RunConfigs that are compared, as one URL and in short words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from urllib.parse import parse_qs, urlencode

from gradviz.config.cell_specs import CELLS
from gradviz.config.limits import LIMITS
from gradviz.config.remedy_fields import GROUP_OF
from gradviz.config.run_config import RunConfig
from gradviz.config.shown import shown
from gradviz.config.task_specs import TASKS
from gradviz.config.words import label_of, word_of

MOST_SETUPS = 4
MOST_SEEDS = min(10, LIMITS.runs_a_session // MOST_SETUPS)

Query = str | Mapping[str, str | list[str]]

MOST_PHRASES = 3
"""Of a label: a legend of four must fit on a phone."""

_WELL_KNOWN = ("cell", "clip", "forget_bias", "recurrent_gain", "recurrent_init", "task", "seq_len")

_SELF_SAID = {"task", "state", "cell", "activation", "optimizer", "dtype", "device"}
"""Settings whose value says what it is of: GRU, SGD."""

_OF_WEIGHTS = {"recurrent_init": "W_hh", "input_init": "W_ih", "gate_bias": "gates"}
"""What starts as the value says."""

_PHRASES = {
    "seq_len": "length {}",
    "forecast_steps": "{} steps ahead",
    "reverse_source": "reversed: {}",
    "normalise": "normalised: {}",
    "num_layers": "layers {}",
    "recurrent_gain": "gain {}",
    "forget_bias": "forget bias {}",
    "clip_threshold": "threshold {}",
    "bptt_window": "window {}",
    "l1": "L1 {}",
    "l2": "L2 {}",
    "omega": "Ω times {}",
    "bptt_every": "every {} timesteps",
    "probe_size": "probes {}",
    "record_every": "every {} steps",
}


def to_query(configs: Sequence[RunConfig], seeds: int = 1) -> dict[str, list[str]]:
    """The URL query of a comparison.

    The first set-up's settings are plain parameters, as in RunConfig.to_query; each further one
    is a value of `vs`: the query of what differs from the first, empty if nothing does.

    Args:
        configs: one to four set-ups.
        seeds: trained of each, from the config's own seed upwards.

    Raises:
        ValueError: for other numbers of set-ups or seeds.
    """
    if not 1 <= len(configs) <= MOST_SETUPS:
        raise ValueError(f"configs must be 1…{MOST_SETUPS} set-ups, got {len(configs)}.")
    if not 1 <= seeds <= MOST_SEEDS:
        raise ValueError(f"seeds must be 1…{MOST_SEEDS}, got {seeds}.")
    first, *others = configs
    query = {name: [value] for name, value in first.to_query().items()}
    if others:
        query["vs"] = [urlencode(_differences(other, first)) for other in others]
    return query | ({"seeds": [str(seeds)]} if seeds > 1 else {})


def _differences(config: RunConfig, first: RunConfig) -> dict[str, object]:
    """What `first.replace` needs to give the config: it drops data at a task of another kind."""
    found = config.differences(first)
    same_kind = TASKS[config.task].own_data == TASKS[first.task].own_data
    return found if same_kind or not config.data else {**found, "data": config.data}


def from_query(query: Query) -> tuple[list[RunConfig], int, list[str]]:
    """The set-ups that a URL asks for, the number of seeds, and a sentence for each problem.

    Without `vs` there is one set-up. Nothing here raises: what cannot be takes the default, in a
    further set-up the first one's value.
    """
    if isinstance(query, str):
        query = parse_qs(query.lstrip("?"), keep_blank_values=True)
    given = {name: [value] if isinstance(value, str) else value for name, value in query.items()}
    further = given.pop("vs", [])
    seeds, problems = _seeds(given.pop("seeds", []))
    first, wrong = RunConfig.from_query(given)
    configs = [first]
    problems = wrong + problems
    most = MOST_SETUPS - 1
    if len(further) > most:
        problems.append(
            f"vs must be given at most {most} times, got {len(further):,}; "
            f"the first {most} are used."
        )
    for place, inner in enumerate(further[:most], start=2):
        config, wrong = RunConfig.from_query(inner, base=first)
        configs.append(config)
        problems += [f"Set-up {place}: {sentence}" for sentence in wrong]
    return configs, seeds, problems


def differing(configs: Sequence[RunConfig]) -> list[str]:
    """The settings that are not the same in all of them, in RunConfig's order."""
    return [
        name
        for name in RunConfig.model_fields
        if any(getattr(config, name) != getattr(configs[0], name) for config in configs)
    ]


def is_used(config: RunConfig, name: str) -> bool:
    """Whether a setting changes anything: a forget bias does where a gate keeps the memory."""
    if name in GROUP_OF:
        return GROUP_OF[name].is_used(config, name)
    match name:
        case "activation":
            return CELLS[config.cell].has_activation
        case "readout":
            return CELLS[config.cell].is_recurrent and TASKS[config.task].answers == "once"
        case "bidirectional":
            return CELLS[config.cell].is_recurrent and not TASKS[config.task].one_way
        case "state":
            return CELLS[config.cell].is_recurrent and TASKS[config.task].has_stream
        case "bptt_window":
            is_pair = TASKS[config.task].network == "encoder_decoder"
            return CELLS[config.cell].is_recurrent and not is_pair
        case "dropout":
            # In front of the readout too, but an encoder–decoder has none there.
            return config.num_layers > 1 or TASKS[config.task].network == "recurrent"
        case "forget_bias":
            return CELLS[config.cell].has_forget_bias
        case "recurrent_init":
            return CELLS[config.cell].has_recurrent_weight
        case "recurrent_gain":
            has_weight = CELLS[config.cell].has_recurrent_weight
            return has_weight and config.recurrent_init != "default"
        case "momentum":
            return config.optimizer in {"sgd", "rmsprop"}
        case "vocabulary_size":
            return TASKS[config.task].tokens == "words"
        case "embedding_size":
            return bool(TASKS[config.task].tokens)
        case "data":
            return bool(TASKS[config.task].own_data)
        case "skip_step":
            return TASKS[config.task].has_perplexity
        case "bptt_every":
            return len(config.windows) > 1
        case "clip_threshold":
            return config.clip != "none"
        case "attention" | "reverse_source" | "teacher_forcing":
            return TASKS[config.task].network == "encoder_decoder"
        case "normalise":
            return TASKS[config.task].own_data == "series"
        case "forecast_steps":
            return TASKS[config.task].forecasts
        case "seq_len":
            low, high = TASKS[config.task].seq_len
            return low < high
    return True


def labels(configs: Sequence[RunConfig]) -> list[str]:
    """A few words for each: what differs among them. No two are the same.

    Where one would take more than MOST_PHRASES, only the fewest settings that tell them apart.
    """
    names = differing(configs)
    if any(len(_chosen(config, names)) > MOST_PHRASES for config in configs):
        names = _telling_apart(configs, names)
    words = _labelled(configs, names)
    earlier = [words[:place].count(each) for place, each in enumerate(words)]
    return [f"{each} ({n + 1})" if n else each for each, n in zip(words, earlier, strict=True)]


def _telling_apart(configs: Sequence[RunConfig], names: Sequence[str]) -> list[str]:
    """The fewest settings with which as many labels differ as with all; well known ones first."""
    known = [name for name in _WELL_KNOWN if name in names]
    ordered = known + [name for name in names if name not in known]
    most = len(set(_labelled(configs, ordered)))
    # Each further setting tells one more set-up apart, so one fewer than them is enough.
    few = (some for size in range(1, len(configs)) for some in combinations(ordered, size))
    return next((list(some) for some in few if len(set(_labelled(configs, some))) == most), ordered)


def _labelled(configs: Sequence[RunConfig], names: Sequence[str]) -> list[str]:
    return [
        " · ".join(_phrase(config, name) for name in _chosen(config, names)) for config in configs
    ]


def _chosen(config: RunConfig, names: Sequence[str]) -> list[str]:
    """Of the settings those to be said of one config."""
    used = [name for name in names if is_used(config, name)]
    # What is left to PyTorch need not be said beside something else.
    return [name for name in used if getattr(config, name) is not None] or used or ["cell"]


def _phrase(config: RunConfig, name: str) -> str:
    value = getattr(config, name)
    if name in _OF_WEIGHTS:
        return f"{value} {_OF_WEIGHTS[name]}"
    if value is None:
        return f"{word_of(value, name)} {label_of(name).split(' (')[0].lower()}"
    if isinstance(value, bool):
        return f"{'' if value else 'not '}{name}"
    if name in _SELF_SAID:
        return word_of(value)
    return _PHRASES.get(name, f"{label_of(name).lower()} {{}}").format(word_of(value))


def _seeds(given: Sequence[str]) -> tuple[int, list[str]]:
    if not given:
        return 1, []
    if len(given) > 1:
        return 1, [f"seeds must be given once, got {len(given)} values; the default is used."]
    text = given[0]
    # int() also reads "1_0" and digits of other scripts, and refuses 5,000 digits by raising.
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST_SEEDS:
        return int(text), []
    return 1, [
        f"seeds must be a whole number, 1…{MOST_SEEDS}, got {shown(text)}. The default is used."
    ]
