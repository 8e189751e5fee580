"""`groups`: parameter groups that any optimizer takes, and that say what is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final, overload

from torch import nn
from torch.nn.parameter import is_lazy

from surefoot.errors import refuse
from surefoot.pytorch.groups.assignment import Row, Settings, Terms
from surefoot.pytorch.groups.depth import Stacks, layers_of, trunk_of
from surefoot.pytorch.groups.names import Named, folded, modules, named
from surefoot.pytorch.groups.patterns import Rule, factor_faults, rule_faults, unmatched_faults
from surefoot.pytorch.groups.spelled import in_torch_words
from surefoot.pytorch.groups.table import table

Group = dict[str, Any]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Groups(Sequence[Group]):
    """Parameter groups, as an optimizer's first argument takes them; printed, they are the table of who got what.

    They never change: every look at a group gives a new dict, so that two optimizers may be made from them.

    Args:
        title: what the groups are of.
        rows: the assignment, one `Row` for each parameter that can be trained.
        parameters: these parameters by name.
        frozen: the names of those that cannot be trained.
        ruled: whether rules were given.
    """

    title: str
    rows: tuple[Row, ...]
    parameters: Mapping[str, nn.Parameter]
    frozen: tuple[str, ...]
    ruled: bool

    def __len__(self) -> int:
        return 1 + max(row.group for row in self.rows)

    @overload
    def __getitem__(self, index: int) -> Group: ...
    @overload
    def __getitem__(self, index: slice) -> list[Group]: ...
    def __getitem__(self, index: int | slice) -> Group | list[Group]:
        """Return a group, its `params` being pairs of name and parameter, which torch keeps as `param_names`."""
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        members = [row for row in self.rows if row.group == number]
        return {"params": [(row.name, self.parameters[row.name]) for row in members], **members[0].settings}

    def torch(self, step_size: float | None = None) -> list[Group]:
        """Return the groups in the words of torch.optim: `weight_decay` for decay, `lr` for step sizes.

        `weight_decay` is decoupled in torch's AdamW, as decay is; in torch's SGD, Adam and RMSprop it is an L2 term.

        Args:
            step_size: the optimizer's, which relative step sizes are multiplied by [>= 0].

        Errors: InvalidValue for relative step sizes without it, and for what torch's groups cannot hold.

        >>> groups(nn.Linear(2, 3), decay=0.1).torch()[1]["weight_decay"]
        0.0
        """
        settings: list[Settings] = [
            next(row.settings for row in self.rows if row.group == at) for at in range(len(self))
        ]
        worded = in_torch_words(settings, step_size)
        return [{"params": group["params"], **words} for group, words in zip(self, worded, strict=True)]

    def __str__(self) -> str:
        """Return the table."""
        return table(self.title, self.rows, self.frozen, ruled=self.ruled)

    __repr__ = __str__


def groups(
    model: nn.Module,
    *,
    decay: float | None = None,
    layers: float | None = None,
    trunk: str | Sequence[str] | None = None,
    rules: Sequence[Rule] = (),
) -> Groups:
    """Return a model's parameter groups: decay on matrices only, step sizes by layer, and whatever rules say.

    Source: for decay on matrices only, timm's and nanoGPT's practice; for no decay on embeddings, OLMo 2
    (arXiv:2501.00656, section 3.4.2), and `(nn.Embedding, {"decay": 0.1})` is the rule that gives it back; for step
    sizes by layer, Howard and Ruder 2018 (arXiv:1801.06146).

    Args:
        model: whose parameters; wrapped by torch.compile or DistributedDataParallel or not.
        decay: decoupled weight decay of matrices [1 per step size, >= 0]; the optimizer's own if None. Embeddings,
            norms, biases and other vectors have none.
        layers: each layer's step size as a part of the next one's above [above 0, at most 1]; what comes after the
            trunk has the optimizer's. It is the key `relative` of the groups.
        trunk: dotted name of the nn.Sequential or nn.ModuleList of layers, or several in order; the largest, with the
            chains beside it, if None.
        rules: pairs of a pattern and settings, asked in order. A pattern is a regular expression (sought in the name),
            a type of module or several (the parameter belongs directly to one), or a function of (name, parameter,
            module). Settings are keys of a group; one given by a rule replaces the default, it is not multiplied.

    Errors: InvalidValue naming every fault: a rule that matches nothing, a trunk that is not there, a parameter that a
    lazy module has not made yet, a model with nothing to train.

    Laws: every parameter that can be trained is in exactly one group. For each key the first matching rule that gives
    it decides.

    >>> print(groups(nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 2)), decay=0.1))
    Sequential: 2 groups, 6 tensors, 74 elements
    <BLANKLINE>
      #  tensors  elements  decay  given by       parameters
      0        2        48    0.1  matrices       {0,2}.weight
      1        4        26      0  biases, norms  0-2.bias, 1.weight
    """
    refuse("groups", [*_argument_faults(model, decay, layers, trunk), *rule_faults(rules)])
    parameters = named(model)
    refuse("groups", _parameter_faults(parameters))
    stacks = Stacks(modules(model), parameters)
    parts, faults = trunk_of(stacks, (trunk,) if isinstance(trunk, str) else trunk or ()) if layers else ((), [])
    refuse("groups", [*faults, *unmatched_faults(rules, parameters)])
    trained = [each for each in parameters if each.parameter.requires_grad]
    return Groups(
        type(stacks.tree[""]).__name__,
        Terms(rules, decay, *_layers(stacks, parts, layers)).rows(trained),
        {each.name: each.parameter for each in trained},
        tuple(each.name for each in parameters if not each.parameter.requires_grad),
        bool(rules),
    )


def _layers(stacks: Stacks, trunk: Sequence[str], factor: float | None) -> tuple[dict[str, str], dict[str, float]]:
    """Return the layer of each parameter and the relative step size of each layer; the highest has 1."""
    if factor is None:
        return {}, {}
    order, lies = layers_of(stacks, trunk)
    return lies, {layer: factor**below for below, layer in enumerate(reversed(order))}


def _argument_faults(model: object, decay: object, layers: object, trunk: object) -> list[str]:
    faults = [] if decay is None else factor_faults("decay", decay)
    if not isinstance(model, nn.Module):
        faults.append(f"model is a {type(model).__name__}; give the module itself, whose parameters have names")
    if layers is not None and (isinstance(layers, bool) or not isinstance(layers, int | float) or not 0 < layers <= 1):
        faults.append(
            f"layers is {layers!r}; it must be above 0 and at most 1, the factor from a layer to the next below"
        )
    if trunk is not None and layers is None:
        faults.append(f"trunk is {trunk!r} and layers is not given; give layers=0.8, say, or leave trunk out")
    return faults


def _parameter_faults(parameters: Sequence[Named]) -> list[str]:
    lazy = [each.name for each in parameters if is_lazy(each.parameter)]
    if lazy:
        return [f"{', '.join(folded(lazy))} have no shape yet; run one batch through the model, then make the groups"]
    if not any(each.parameter.requires_grad for each in parameters):
        return [f"none of the model's {len(parameters)} parameters can be trained; check requires_grad"]
    return []
