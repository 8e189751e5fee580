"""Nadam: adam with Nesterov's look ahead; one formula, and four ways to weight its two parts."""

from surefoot.rules.adam import bias_corrections
from surefoot.rules.language import xp
from surefoot.rules.rule import Numbers, Rule


def nadam(p, g, m, v, step_size, beta2, eps, decay, beta1, ahead, now, c2):
    """Step as adam does, from where the mean gradient is about to carry the parameter."""
    m = m + (1.0 - beta1) * (g - m)
    v = v + (1.0 - beta2) * (g * g - v)
    p = p - step_size * decay * p
    p = p - step_size * (ahead * m + now * g) / (xp.sqrt(v * c2) + eps)
    return p, m, v


def _momentum(count: int, constants: Numbers) -> float:
    """Return Dozat's rising momentum, from half of beta1 up to beta1."""
    share: float = 1.0 - 0.5 * 0.96 ** (count * constants["momentum_decay"])
    return constants["beta1"] * share


def rising(count: int, constants: Numbers) -> dict[str, float]:
    """Return the weights with Dozat's rising momentum, corrected by the product of all momenta so far."""
    mu, following = _momentum(count, constants), _momentum(count + 1, constants)
    product = constants["mu_product"] * mu
    return {
        "ahead": following / (1.0 - product * following), "now": (1.0 - mu) / (1.0 - product),
        "c2": bias_corrections(count, constants)["c2"],
    }  # fmt: skip


def product(count: int, constants: Numbers) -> dict[str, float]:
    """Return the product of all momenta so far."""
    return {"mu_product": constants["mu_product"] * _momentum(count, constants)}


def constant(count: int, constants: Numbers) -> dict[str, float]:
    """Return the weights with one momentum, beta1, each part corrected for as many steps as it has seen."""
    beta1 = constants["beta1"]
    corrections, following = bias_corrections(count, constants), bias_corrections(count + 1, constants)
    return {"ahead": beta1 * following["c1"], "now": (1.0 - beta1) * corrections["c1"], "c2": corrections["c2"]}


def constant_algoperf(count: int, constants: Numbers) -> dict[str, float]:
    """Return the weights with one momentum, beta1, both parts corrected alike."""
    corrections = bias_corrections(count, constants)
    beta1, c1 = constants["beta1"], corrections["c1"]
    return {"ahead": beta1 * c1, "now": (1.0 - beta1) * c1, "c2": corrections["c2"]}


_SCALE = "scaling every gradient by a positive number changes nothing when eps is 0"
_STILL = "without a gradient only decay moves"
_PLAIN = {"step_size": 2e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 0.0}
_RISING = {**_PLAIN, "momentum_decay": 4e-3}
_DOZAT = "Dozat 2016, Algorithm 2"
_ELSEWHERE = {
    "torch": "`nadam`: the momentum rises to beta1 over a thousand steps and more",
    "Keras": "`nadam_keras`: it rises in about a hundred",
    "optax": "`nadamw`: it is beta1 throughout; decay 1e-4",
    "AlgoPerf": "`nadamw_algoperf`: beta1 throughout, and one correction for both parts",
}

NADAM = Rule(
    "nadam", nadam, _RISING, f"{_DOZAT}, with the momenta of section 3.2, as torch has it.", per_step=rising,
    starts={"mu_product": 1.0}, carry=product, laws=(_SCALE, _STILL), elsewhere=_ELSEWHERE,
)  # fmt: skip
NADAM_KERAS = Rule(
    "nadam_keras", nadam, {**_RISING, "step_size": 1e-3, "eps": 1e-7, "momentum_decay": 1.0}, f"{_DOZAT}; Keras 3.",
    says="Step as nadam does, with a momentum that rises in a hundred steps.",
    per_step=rising, starts={"mu_product": 1.0}, carry=product, laws=(_SCALE, _STILL), elsewhere=_ELSEWHERE,
)  # fmt: skip
NADAMW = Rule(
    "nadamw",
    nadam,
    {**_PLAIN, "step_size": 1e-3, "decay": 1e-2},
    f"{_DOZAT}, with one momentum and decoupled decay, as in optax; the simplest of the four.",
    says="Step as nadam does, with one momentum, and shrink every parameter by a share of the step size.",
    per_step=constant,
    laws=(_SCALE, _STILL, "without memory and eps the step is the gradient's sign"),
    elsewhere=_ELSEWHERE,
)
NADAMW_ALGOPERF = Rule(
    "nadamw_algoperf", nadam, {**_PLAIN, "step_size": 1e-3, "decay": 1e-2},
    "Dahl et al. 2023 (arXiv:2306.07179), the NadamW of AlgoPerf's baselines.",
    says="Step as nadamw does, with one correction for both of its parts.",
    per_step=constant_algoperf, laws=(_SCALE, _STILL, "the first step is 1 + beta1 step sizes long"),
    elsewhere=_ELSEWHERE,
)  # fmt: skip
