"""What each parameter gets, and from where: the first rule that gives a key, then the defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from torch import nn

from surefoot.pytorch.groups.names import Named, Place
from surefoot.pytorch.groups.patterns import Rule, label, matches

_TABLES = (nn.Embedding, nn.EmbeddingBag)
_NORMS = (nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase)

ORDER = {"decay": 0, "relative": 1}
"""The keys that stand first."""

Settings = Mapping[str, object]


@final
@dataclass(frozen=True)
class Row:
    """What became of one parameter: a line of the assignment.

    Args:
        name: its first name.
        shape: its axes.
        layer: the layer it lies in; empty where layers play no part.
        kind: matrices, embeddings, norms, biases or vectors: what the default decay goes by.
        by: the rules that gave it a setting, as the table calls them; empty where all is default.
        ruled: whether any rule matched it.
        settings: the keys of its group.
        others: its other names, if it is tied.
        differing: for each of those whose settings would be others, these settings.
        group: the number of its group.
    """

    name: str
    shape: tuple[int, ...]
    layer: str
    kind: str
    by: tuple[str, ...]
    ruled: bool
    settings: Settings
    others: tuple[str, ...]
    differing: Mapping[str, Settings]
    group: int

    @property
    def elements(self) -> int:
        """How many elements it has."""
        count = 1
        for axis in self.shape:
            count *= axis
        return count


@final
@dataclass(frozen=True, eq=False)
class Terms:
    """What parameters are assigned by.

    Args:
        rules: in the order in which they are asked.
        decay: of matrices [1 per step size, >= 0]; None leaves it to the optimizer.
        layers: the layer of each parameter by its first name; empty if layers play no part.
        relative: the relative step size of each layer.
    """

    rules: Sequence[Rule]
    decay: float | None
    layers: Mapping[str, str]
    relative: Mapping[str, float]

    def rows(self, parameters: Sequence[Named]) -> tuple[Row, ...]:
        """Return a row for each parameter, in order; those of the same settings share a group."""
        rows: list[Row] = []
        kept: list[Settings] = []
        for each in parameters:
            settings, by, ruled = self._given(each, each.places[0])
            if settings not in kept:
                kept.append(settings)
            others = {place.name: self._given(each, place)[0] for place in each.places[1:]}
            rows.append(
                Row(
                    each.name, tuple(each.parameter.shape), self.layers.get(each.name, ""),
                    kind_of(each.parameter, each.places[0]), by, ruled, settings, tuple(others),
                    {name: other for name, other in others.items() if other != settings}, kept.index(settings),
                )
            )  # fmt: skip
        return tuple(rows)

    def _given(self, each: Named, place: Place) -> tuple[Settings, tuple[str, ...], bool]:
        """Return the settings of a parameter in one place, the rules that gave some, and whether any rule matched."""
        asked = enumerate(self.rules, 1)
        matching = [(at, *rule) for at, rule in asked if matches(rule[0], each.parameter, place)]
        given: dict[str, object] = {}
        by: list[str] = []
        for at, pattern, keys in matching:
            new = {key: value for key, value in keys.items() if key not in given}
            given |= new
            by += [f"rule {at}: {label(pattern)}"] if new else []
        whole = {**self._defaults(each, place), **given}
        return dict(sorted(whole.items(), key=lambda item: ORDER.get(item[0], len(ORDER)))), tuple(by), bool(matching)

    def _defaults(self, each: Named, place: Place) -> dict[str, object]:
        decay = self.decay if kind_of(each.parameter, place) == "matrices" else 0.0
        relative = self.relative[self.layers[each.name]] if self.layers else None
        return {key: value for key, value in (("decay", decay), ("relative", relative)) if value is not None}


def kind_of(parameter: nn.Parameter, place: Place) -> str:
    """Return what the default decay goes by.

    Only matrices decay: a bias or a scale has no direction to forget. An embedding's rows do not either: most are
    without a gradient in most steps, and shrunken rows raised the gradients of all layers above and made OLMo 2's run
    spike (arXiv:2501.00656, section 3.4.2). A bias is one by its name, though it may be a table (of relative positions,
    of experts) or have axes of length 1.

    >>> linear = nn.Linear(3, 2)
    >>> kind_of(linear.weight, Place("0.weight", linear)), kind_of(linear.bias, Place("0.bias", linear))
    ('matrices', 'biases')
    """
    if isinstance(place.module, _TABLES):
        return "embeddings"
    if isinstance(place.module, _NORMS):
        return "norms"
    if "bias" in place.name.rpartition(".")[2]:
        return "biases"
    return "matrices" if parameter.ndim >= 2 else "vectors"
