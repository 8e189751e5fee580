"""The glossary: every symbol of a formula with its name, unit, bounds and TeX.

Docs, cards and messages read it, so that one thing has one name everywhere.
"""

from dataclasses import dataclass
from math import inf, isfinite


@dataclass(frozen=True)
class Symbol:
    """One symbol of the formulas.

    Args:
        name: what people call it.
        unit: its unit in words; `p` and `g` name the units of a parameter and of its gradient.
        tex: how it is written.
        low: the least allowed value.
        below: an open upper bound, or infinity; every value is finite.
    """

    name: str
    unit: str
    tex: str
    low: float = -inf
    below: float = inf

    def fault(self, word: str, value: float) -> str | None:
        """Say what is wrong with a value, or None; `word` is how the user spelled the symbol.

        >>> SYMBOLS["beta2"].fault("betas[1]", 1.2)
        'betas[1] is 1.2; it must be at least 0 and below 1'
        """
        if isfinite(value) and self.low <= value < self.below:
            return None
        bounds = [f"at least {self.low:g}"] if self.low > -inf else []
        bounds += [f"below {self.below:g}"] if self.below < inf else ([] if isfinite(value) else ["finite"])
        return f"{word} is {value:g}; it must be {' and '.join(bounds)}"


SYMBOLS: dict[str, Symbol] = {
    "p": Symbol("parameter", "p", r"\theta"),
    "g": Symbol("gradient", "g", "g"),
    "m": Symbol("mean of gradients", "g", "m"),
    "v": Symbol("mean of squared gradients", "g squared", "v"),
    "w": Symbol("largest mean of squared gradients so far", "g squared", r"\hat v"),
    "b": Symbol("momentum buffer", "g", "b"),
    "step_size": Symbol("step size", "p per unit of the step's direction", r"\eta", low=0.0),
    "decay": Symbol("decoupled weight decay", "1 per step size", r"\lambda", low=0.0),
    "l2": Symbol("L2 term", "g per p", r"\lambda_2", low=0.0),
    "scale": Symbol("gradient scale (clipping, sign)", "none", "s"),
    "momentum": Symbol("momentum", "none", r"\mu", low=0.0),
    "dampening": Symbol("dampening", "none", r"\tau"),
    "intake": Symbol("share of the gradient the buffer takes in", "none", "a"),
    "alpha": Symbol("memory of squared gradients", "none", r"\alpha", low=0.0),
    "beta1": Symbol("memory of gradients", "none", r"\beta_1", low=0.0, below=1.0),
    "beta2": Symbol("memory of squared gradients", "none", r"\beta_2", low=0.0, below=1.0),
    "eps": Symbol("floor of the divisor", "g", r"\epsilon", low=0.0),
    "c1": Symbol("bias correction of m", "none", "c_1"),
    "c2": Symbol("bias correction of v", "none", "c_2"),
}
