"""Averaged stochastic gradient descent: sgd that slows down, and beside it the mean of the parameters it passes."""

from surefoot.rules.rule import Numbers, Rule


def asgd(p, g, a, step_size, factor, stride, weight, pull, decay):
    """Step against the gradient and towards 0, by a step size that falls; keep the mean of the parameters."""
    p = p - step_size * decay * p
    p = p - factor * stride * pull * p
    p = p - factor * stride * g
    a = weight * p + (1.0 - weight) * a
    return p, a


def slower(count: int, constants: Numbers) -> dict[str, float]:
    """Return the next stride, and the next parameter's weight in the mean: all of it until averaging begins."""
    peak = constants["peak"]
    stride = peak / (1.0 + constants["pull"] * peak * count) ** constants["slowness"]
    return {"stride": stride, "weight": 1.0 / max(1.0, count - constants["averaged_from"])}


ASGD = Rule(
    "asgd",
    asgd,
    {"step_size": 1e-2, "pull": 1e-4, "slowness": 0.75, "averaged_from": 1e6, "decay": 0.0},
    "Polyak & Juditsky 1992; Bottou 2012, section 5 (stochastic gradient tricks), as in torch: a changed peak acts one "
    "step later, a schedule at once.",
    starts={"stride": "peak", "weight": 1.0},
    carry=slower,
    laws=(
        "until averaging begins the mean is the parameter",
        "once averaging has begun the mean is that of the parameters since",
        "without pull the path is sgd's",
    ),
    elsewhere={
        "torch": "averages only from step 1e6 on unless told otherwise",
        "Keras": "has none",
        "optax": "has none",
    },
)
