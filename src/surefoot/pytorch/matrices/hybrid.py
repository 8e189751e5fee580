"""MuonAdamW: Muon on hidden matrices, AdamW on everything else, one step size for both."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from torch import nn

from surefoot.errors import refuse
from surefoot.feedback import Plateau
from surefoot.pytorch.groups.patterns import Rule
from surefoot.pytorch.matrices.assignment import ADAMW, MUON, muon_groups
from surefoot.pytorch.matrices.muon import CONSTANTS, muon_rule
from surefoot.pytorch.matrices.shapes import shape_faults
from surefoot.pytorch.optimizer import Optimizer
from surefoot.pytorch.spelling import Group, Reading, Spelling, chosen, number
from surefoot.pytorch.step_size import Scheduled
from surefoot.rules.adam import ADAMW as ADAMW_RULE


def _read(group: Group) -> Reading:
    """Return the rule of a group; each takes of the constants what it needs, so all can be scheduled."""
    refuse("MuonAdamW", _rule_faults(group))
    beta1, beta2 = group["betas"]
    constants = {
        "momentum": number(group["momentum"]), "beta1": number(beta1), "beta2": number(beta2), "eps": group["eps"],
        "decay": number(group["weight_decay"]),
    }  # fmt: skip
    if group["rule"] == ADAMW:
        return Reading(ADAMW_RULE, constants)
    rule = muon_rule("match_rms_adamw", precision=group["precision"])
    return Reading(rule, {**constants, "eps": CONSTANTS["eps"]})


def _rule_faults(group: Group) -> list[str]:
    given = group["rule"]
    return [] if given in (MUON, ADAMW) else [f"rule is {given!r}; it must be {MUON!r} or {ADAMW!r}"]


@final
class MuonAdamW(Optimizer):
    """Muon on hidden matrices and convolution kernels, AdamW on the rest: `MuonAdamW(model, step_size=0.01)`.

    Muon's steps are scaled to the size of AdamW's, so one step size and one decay serve both. Embeddings, the last
    layer, norms, biases and other vectors are AdamW's; only matrices decay. `print(sf.muon_groups(model))` is the table
    of who gets what, and each group says it under `rule`.

    Source: Jordan et al. 2024 (kellerjordan.github.io/posts/muon); for scale, decay, betas and eps, Liu et al. 2025
    (arXiv:2502.16982) and its code. The step size: on nine small workloads the best of a grid lay between 0.01 and
    0.03; language models are trained with 1e-3 and less.

    Args:
        model: the model; or groups that say which `rule` ("muon" or "adamw") steps them, as `muon_groups` returns them.
        lr: the peak step size, 0.01 [>= 0]; also spelled `step_size`.
        weight_decay: decoupled weight decay of matrices, 0.1 [1 per step size, >= 0]; also spelled `decay`.
        momentum: memory of Muon's mean gradient [>= 0].
        betas: AdamW's memory of gradients and of their squares [each >= 0, below 1].
        eps: floor of AdamW's divisor [unit of g, >= 0].
        rules: pairs of a pattern and settings that come before what is found: `(r"^first", {"rule": "adamw"})`.
        precision: in which matrices are made orthogonal: "float32" or "bfloat16"; by default float32 on a CPU, where
            bfloat16 may be 4 times as fast or 50 times as slow, and bfloat16 elsewhere.
        step_size: our word for `lr`.
        decay: our word for `weight_decay`.
        schedule: factor of the step size by step, or schedules by hyperparameter.
        clip: largest global norm of the gradients.
        feedback: how `optimizer.feedback.observe` changes the step size.

    Errors: `InvalidValue` for a value out of bounds, parameters without a model, or a rule that asks Muon to step what
    is no matrix.

    >>> optimizer = MuonAdamW(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)), step_size=0.02)
    >>> [(group["rule"], group["weight_decay"], group["param_names"]) for group in optimizer.param_groups]
    [('muon', 0.1, ['0.weight']), ('adamw', 0.0, ['0.bias', '2.bias']), ('adamw', 0.1, ['2.weight'])]
    """

    def __init__(
        self,
        model: nn.Module | Sequence[Group],
        lr: float | None = None,
        *,
        weight_decay: float | None = None,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
        rules: Sequence[Rule] = (),
        precision: str | None = None,
        step_size: float | None = None,
        decay: float | None = None,
        schedule: Scheduled = None,
        clip: float | None = None,
        feedback: Plateau | None = None,
    ) -> None:
        shared = chosen("MuonAdamW", 0.1, weight_decay=weight_decay, decay=decay)
        defaults = {
            "lr": chosen("MuonAdamW", 1e-2, lr=lr, step_size=step_size), "weight_decay": shared, "momentum": momentum,
            "betas": betas, "eps": eps, "precision": precision, "rule": ADAMW, "differentiable": False,
        }  # fmt: skip
        super().__init__(_groups_of(model, shared, rules), defaults, schedule, clip, feedback)

    def add_param_group(self, param_group: Group) -> None:
        """Add a group; AdamW steps it unless it has the key `rule`. See `Optimizer.add_param_group`.

        Errors: `InvalidValue` too if Muon is to step what is no matrix.
        """
        super().add_param_group(param_group)
        faults = shape_faults(self.param_groups[-1]) if self.param_groups[-1]["rule"] == MUON else []
        if faults:
            self.param_groups.pop()
            refuse("MuonAdamW", faults)

    spelling = Spelling(
        _read,
        ("rule", "weight_decay", "momentum", "betas", "eps", "precision"),
        {"b": "momentum_buffer", "m": "exp_avg", "v": "exp_avg_sq"},
        counted=True,
        words={"step_size": "lr", "decay": "weight_decay"},
    )


def _groups_of(model: object, decay: float, rules: Sequence[Rule]) -> Sequence[dict[str, Any]]:
    """Return the groups of a model, or those given if each says its rule."""
    if isinstance(model, nn.Module):
        return muon_groups(model, decay=decay, rules=rules)
    given = [*model] if isinstance(model, Sequence) else []
    faults = ["rules are given with groups; give them to muon_groups, or the model itself"] if rules else []
    if not given or not all(isinstance(group, Mapping) and "rule" in group for group in given):
        faults.append(
            f"it was given a {type(model).__name__} of parameters, which cannot say what is an embedding or the last "
            "layer; give the model itself, or groups with the key `rule`, as muon_groups(model) returns them"
        )
    refuse("MuonAdamW", faults)
    return given
