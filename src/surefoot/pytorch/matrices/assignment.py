"""`muon_groups`: which parameters Muon steps and which AdamW, with the table that says so."""

from collections.abc import Sequence
from dataclasses import replace

from torch import nn

from surefoot.pytorch.groups.assembly import Groups, groups
from surefoot.pytorch.groups.assignment import Row
from surefoot.pytorch.groups.names import named
from surefoot.pytorch.groups.patterns import Pattern, Rule
from surefoot.pytorch.matrices.roles import EMBEDDING, HIDDEN, OTHER, roles

MUON, ADAMW = "muon", "adamw"
_SETTINGS: dict[str, dict[str, object]] = {HIDDEN: {"rule": MUON}, EMBEDDING: {"rule": ADAMW, "decay": 0.0}}


def muon_groups(model: nn.Module, *, decay: float | None = 0.1, rules: Sequence[Rule] = ()) -> Groups:
    """Return a model's groups for `MuonAdamW`: Muon on hidden matrices, AdamW on the rest, decay on matrices only.

    Which are hidden matrices is found by how the model uses its parameters; see `matrices.roles`. Printed, the groups
    are the table of who gets what.

    Args:
        model: whose parameters.
        decay: decoupled weight decay of matrices [1 per step size, >= 0]; the optimizer's own if None.
        rules: pairs of a pattern and settings, asked first, as in `groups`: `(r"^first", {"rule": "adamw"})`.

    Errors: InvalidValue naming every fault, as `groups`.

    >>> print(muon_groups(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))))
    Sequential: 3 groups, 6 tensors, 130 elements
    <BLANKLINE>
      #  tensors  elements  decay  rule   given by         parameters
      0        2        96    0.1  muon   hidden matrices  {0,2}.weight
      1        3        18      0  adamw  biases           {0,2,4}.bias
      2        1        16    0.1  adamw  last layer       4.weight
    """
    groups(model, decay=decay, rules=rules)  # refuses what is wrong before anything is looked for
    found = roles(model)
    own = [_rule(model, found, role) for role in dict.fromkeys(found.values())]
    result = groups(model, decay=decay, rules=[*rules, *own])
    rows = tuple(_said(row, len(rules), found[row.name]) for row in result.rows)
    return replace(result, rows=rows, ruled=False)


def _rule(model: nn.Module, found: dict[str, str], role: str) -> Rule:
    """Return the rule that gives the parameters of a role their settings, whichever of its names one goes by."""
    members = {id(each.parameter) for each in named(model) if found[each.name] == role}

    def has_role(name: str, parameter: nn.Parameter, module: nn.Module) -> bool:  # noqa: ARG001
        return id(parameter) in members

    pattern: Pattern = has_role
    return pattern, _SETTINGS.get(role, {"rule": ADAMW})


def _said(row: Row, ruled: int, role: str) -> Row:
    """Return a row that names the user's rules and, where ours gave it something, the role: others go by their kind."""
    theirs = tuple(by for by in row.by if int(by.partition(":")[0].removeprefix("rule ")) <= ruled)
    ours = (role,) if role != OTHER and len(theirs) < len(row.by) else ()
    return replace(row, by=(*theirs, *ours))
