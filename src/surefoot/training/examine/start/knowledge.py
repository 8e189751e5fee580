"""What is known of a penalty: of ours and of torch's modules by themselves, of functions by what they call."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final

from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from surefoot import penalties as facts
from surefoot.penalties import Penalty
from surefoot.pytorch import penalties as ours

Kind: TypeAlias = Literal["classes", "labels", "distributions", "quantities"]


@final
@dataclass(frozen=True)
class Known:
    """A penalty that something is known of.

    Args:
        facts: of the penalty.
        kind: what its targets are.
        plain: whether equal outputs cost the logarithm of their number.
        scale: what it is multiplied by.
        ignore: the class id that is left out, if any.
        signs: whether labels are -1 and 1.
    """

    facts: Penalty[Any]
    kind: Kind
    plain: bool = False
    scale: float = 1.0
    ignore: int | None = None
    signs: bool = False


@final
@dataclass(frozen=True, eq=False)
class Heard:
    """A call of one of torch's penalties, whoever made it.

    Args:
        known: what is known of it with these arguments; None if that is nothing.
        output: what it was given as output.
        target: and as target.
        value: what it returned; None if it raised.
    """

    known: Known | None
    output: Tensor
    target: Tensor
    value: Tensor | None


def known(penalty: object) -> Known | None:
    """Return what is known of one of our penalties or of torch's; None for anything else.

    >>> known(nn.MSELoss()).facts.key, known(nn.MSELoss(reduction="sum")) is None, known(lambda f, y: f.mean()) is None
    ('mean_squared_error', True, True)
    """
    found = _MODULES.get(type(penalty))
    if found is not None:
        return found(penalty)
    words = _TORCH.get(type(penalty))
    return None if words is None else words(_settings(penalty))


@final
class Listener(TorchFunctionMode):
    """Hears which of torch's penalties are called while it is entered, with which arguments.

    >>> import torch
    >>> with Listener() as listener: _ = (lambda f, y: functional.mse_loss(f, y))(torch.zeros(1), torch.ones(1))
    >>> listener.heard[0].known.facts.key
    'mean_squared_error'
    """

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Heard] = []

    def __torch_function__(
        self, function: Callable[..., Any], _: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Call the function; torch's protocol."""
        if function not in _FUNCTIONS:
            return function(*args, **(kwargs or {}))
        bound = inspect.signature(function).bind(*args, **(kwargs or {}))
        bound.apply_defaults()
        output, target, *_ = bound.arguments.values()
        value: Any = None
        try:
            value = function(*args, **(kwargs or {}))
        finally:
            try:
                found = _FUNCTIONS[function](bound.arguments)
            except ValueError:  # weights that torch will refuse
                found = None
            self.heard.append(Heard(found, output, target, value))
        return value

    def of(self, penalty: Tensor | None) -> Heard | None:
        """Return the call whose value the penalty is; if it raised, the last call."""
        if penalty is None:
            return self.heard[-1] if self.heard and self.heard[-1].value is None else None
        same = [one for one in self.heard if one.value is not None and one.value.numel() == 1]
        return next((one for one in same if one.value is not None and bool((one.value == penalty).all())), None)


Words: TypeAlias = Mapping[str, Any]
"""Arguments of one of torch's penalties, by its functions' names for them."""


def _settings(penalty: object) -> Words:
    """Return a torch module's settings, its weights too."""
    buffers = penalty._buffers if isinstance(penalty, nn.Module) else {}
    return {**vars(penalty), **buffers}


def _classes(words: Words) -> Known | None:
    weight, smoothing = words["weight"], words.get("label_smoothing", 0.0)
    if words["reduction"] != "mean":
        return None
    weights = () if weight is None else tuple(weight.tolist())
    of = facts.cross_entropy(weights, smoothing)
    return Known(of, "classes", plain=not weights, ignore=words["ignore_index"])


def _coins(words: Words) -> Known | None:
    weight = words.get("pos_weight")
    if words["weight"] is not None or words["reduction"] != "mean" or (weight is not None and weight.ndim > 1):
        return None
    if weight is None:
        return Known(facts.BINARY_CROSS_ENTROPY, "labels", plain=True)
    return Known(facts.binary_cross_entropy(weight.reshape(-1).tolist()), "labels")


def _quantities(of: Callable[[Words], tuple[Penalty[Any], float]]) -> Callable[[Words], Known | None]:
    def found(words: Words) -> Known | None:
        if words["reduction"] != "mean" or words.get("weight") is not None:
            return None
        penalty, scale = of(words)
        return Known(penalty, "quantities", scale=scale)

    return found


def _counts(words: Words) -> Known | None:
    usual = words["log_input"] and not words["full"] and words["reduction"] == "mean"
    return Known(facts.POISSON, "quantities") if usual else None


def _divergence(words: Words) -> Known | None:
    usual = words["reduction"] == "batchmean" and not words["log_target"]
    return Known(facts.KULLBACK_LEIBLER, "distributions") if usual else None


_squares = _quantities(lambda _: (facts.MEAN_SQUARED_ERROR, 1.0))
_distances = _quantities(lambda _: (facts.MEAN_ABSOLUTE_ERROR, 1.0))
_huber = _quantities(lambda words: (facts.huber(words["delta"]), 1.0))
_smooth = _quantities(
    lambda words: (
        (facts.huber(words["beta"]), 1.0 / words["beta"]) if words["beta"] else (facts.MEAN_ABSOLUTE_ERROR, 1.0)
    )
)

_MODULES: dict[type, Callable[[Any], Known]] = {
    ours.CrossEntropy: lambda p: Known(p.facts, "classes", plain=p.class_weights is None, ignore=p.ignore_index),
    ours.Focal: lambda p: Known(p.facts, "classes", ignore=p.ignore_index),
    ours.BinaryCrossEntropy: lambda p: Known(p.facts, "labels", plain=p.positive_weight is None),
    ours.Hinge: lambda p: Known(p.facts, "labels", signs=True),
    ours.KullbackLeibler: lambda p: Known(p.facts, "distributions"),
    **dict.fromkeys(
        (ours.MeanSquaredError, ours.MeanAbsoluteError, ours.Huber, ours.Quantile, ours.Poisson),
        lambda p: Known(p.facts, "quantities"),
    ),
}

_TORCH: dict[type, Callable[[Words], Known | None]] = {
    nn.CrossEntropyLoss: _classes,
    nn.NLLLoss: _classes,
    nn.BCEWithLogitsLoss: _coins,
    nn.BCELoss: _coins,
    nn.MSELoss: _squares,
    nn.L1Loss: _distances,
    nn.HuberLoss: _huber,
    nn.SmoothL1Loss: _smooth,
    nn.PoissonNLLLoss: _counts,
    nn.KLDivLoss: _divergence,
}

_FUNCTIONS: dict[Callable[..., Any], Callable[[Words], Known | None]] = {
    functional.cross_entropy: _classes,
    functional.nll_loss: _classes,
    functional.binary_cross_entropy_with_logits: _coins,
    functional.binary_cross_entropy: _coins,
    functional.mse_loss: _squares,
    functional.l1_loss: _distances,
    functional.huber_loss: _huber,
    functional.smooth_l1_loss: _smooth,
    functional.poisson_nll_loss: _counts,
    functional.kl_div: _divergence,
}
