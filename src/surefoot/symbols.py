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
        high: the largest allowed value, or infinity.
    """

    name: str
    unit: str
    tex: str
    low: float = -inf
    below: float = inf
    high: float = inf

    def fault(self, word: str, value: float) -> str | None:
        """Say what is wrong with a value, or None; `word` is how the user spelled the symbol.

        >>> SYMBOLS["beta2"].fault("betas[1]", 1.2)
        'betas[1] is 1.2; it must be at least 0 and below 1'
        """
        if isfinite(value) and self.low <= value <= self.high and value < self.below:
            return None
        finite = "" if isfinite(value) or min(self.below, self.high) < inf else "finite"
        return f"{word} is {value:g}; it must be {' and '.join(filter(None, [self.bounds, finite]))}"

    @property
    def bounds(self) -> str:
        """What its values are allowed to be, in words; empty where all finite ones are.

        >>> SYMBOLS["rho"].bounds
        'at least 0 and at most 1'
        """
        told = [f"at least {self.low:g}"] if self.low > -inf else []
        told += [f"below {self.below:g}"] if self.below < inf else []
        told += [f"at most {self.high:g}"] if self.high < inf else []
        return " and ".join(told)


SYMBOLS: dict[str, Symbol] = {
    "p": Symbol("parameter", "p", r"\theta"),
    "g": Symbol("gradient", "g", "g"),
    "m": Symbol("mean of gradients", "g", "m"),
    "v": Symbol("mean, or sum, of squared gradients", "g squared", "v"),
    "w": Symbol("largest mean of squared gradients so far", "g squared", r"\hat v"),
    "u": Symbol("direction of the step; Adamax: largest recent gradient", "none; Adamax: g", "u"),
    "b": Symbol("momentum buffer", "g", "b"),
    "d": Symbol("mean of squared steps", "p squared", r"\Delta"),
    "q": Symbol("gradient of the step before", "g", "g'"),
    "s": Symbol("length of the step, each parameter's own", "p", "s"),
    "a": Symbol("mean of parameters; Rprop: product of two gradients", "p; Rprop: g squared", r"\bar\theta"),
    "step_size": Symbol("step size", "p per unit of the step's direction", r"\eta", low=0.0),
    "peak": Symbol("peak step size", "p per unit of the step's direction", r"\eta_0", low=0.0),
    "factor": Symbol("share of the peak in use: schedule times feedback", "none", "f", low=0.0),
    "decay": Symbol("decoupled weight decay", "1 per step size", r"\lambda", low=0.0),
    "l2": Symbol("L2 term", "g per p", r"\lambda_2", low=0.0),
    "scale": Symbol("gradient scale (clipping, sign)", "none", "s"),
    "momentum": Symbol("momentum", "none", r"\mu", low=0.0),
    "dampening": Symbol("dampening", "none", r"\tau"),
    "intake": Symbol("share of the gradient the buffer takes in", "none", "a"),
    "alpha": Symbol("memory of squared gradients", "none", r"\alpha", low=0.0),
    "rho": Symbol("memory of squares", "none", r"\rho", low=0.0, high=1.0),
    "beta1": Symbol("memory of gradients", "none", r"\beta_1", low=0.0, below=1.0),
    "beta2": Symbol("memory of squared gradients", "none", r"\beta_2", low=0.0, below=1.0),
    "eps": Symbol("floor of the divisor", "g, or g squared inside a root", r"\epsilon", low=0.0),
    "c1": Symbol("bias correction of m", "none", "c_1"),
    "c2": Symbol("bias correction of v", "none", "c_2"),
    "start": Symbol("what the sum of squares starts at", "g squared", "v_0", low=0.0),
    "step_decay": Symbol("slowing by the number of gradients", "1 per gradient", r"\delta", low=0.0),
    "slowing": Symbol("what that slowing leaves of the step size", "none", r"\sigma"),
    "momentum_decay": Symbol("how soon the momentum rises to beta1", "1 per gradient", r"\psi", low=0.0),
    "mu_product": Symbol("product of all momenta so far", "none", r"\Pi"),
    "ahead": Symbol("weight of the mean gradient, looking ahead", "none", "a_m"),
    "now": Symbol("weight of the gradient", "none", "a_g"),
    "plain": Symbol("1 while too few squares have been seen, then 0", "none", "r_0"),
    "rectified": Symbol("rectification, 0 while too few squares have been seen", "none", "r"),
    "shrink": Symbol(
        "what a length is multiplied with where the gradient turns", "none", r"\eta_-", low=0.0, below=1.0
    ),
    "grow": Symbol("what a length is multiplied with where it does not turn", "none", r"\eta_+", low=1.0),
    "least": Symbol("least length of a step", "p", r"s_\mathrm{min}", low=0.0),
    "most": Symbol("largest length of a step", "p", r"s_\mathrm{max}", low=0.0),
    "pull": Symbol("pull of the parameters towards 0", "1 per step size", r"\lambda_0", low=0.0),
    "slowness": Symbol("how fast the step size falls", "none", r"\kappa"),
    "averaged_from": Symbol("the gradient from which on the mean is taken", "gradients", "t_0"),
    "stride": Symbol("step size that has slowed down", "p per g", r"\gamma"),
    "weight": Symbol("weight of the newest parameter in the mean", "none", r"\omega"),
}
