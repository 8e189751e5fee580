"""Our rules against the libraries that they are named after: `python benchmarks/variants.py [--json FILE]`.

Each rule's float64 reference and the library's own optimizer walk the same gradients for twelve steps, as each comes and
with a decay where the library has one, under a step size that changes every step: that tells what is inside a buffer
from what is outside. The figure is the largest difference of any element, in units of where it started and how far it
has moved. A library that is not installed is skipped: Keras 3 (on torch), optax (on jax), timm (TensorFlow 1's RMSprop).
"""

import argparse
import importlib
import json
import os
import platform
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from surefoot.backends.reference import walk
from surefoot.rules import RULES

Array = NDArray[np.float64]

STEPS = 12
FACTORS = [1.0, 0.5, 2.0, 0.25, 1.0, 0.7, 1.3, 0.1, 0.9, 3.0, 0.6, 1.0]
LIMIT = 1e-12
DECAY = 0.03


def start_and_gradients() -> tuple[Array, Array]:
    """A parameter and gradients that are ordinary, small, tiny, huge, always 0, alternating, and now and then 0."""
    rng = np.random.default_rng(7)
    start = rng.normal(size=7) * 2.0
    gradients = rng.normal(size=(STEPS, 7)) * np.array([1.0, 1e-3, 1e-7, 1e4, 0.0, 0.3, 1.0])
    gradients[:, 5] = 0.3 * (-1.0) ** np.arange(STEPS)
    gradients[::3, 6] = 0.0
    gradients[4:] *= 0.2  # smaller later: the largest v is then not the last
    return start, gradients


START, GRADIENTS = start_and_gradients()


@dataclass
class Case:
    """A rule with constants that are not its own, and the path of the library's optimizer by the step sizes' factors.

    `known` says why they differ where they do and the fault is not ours; `changing` whether the step size changes.
    """

    rule: str
    path: Callable[[list[float]], Array]
    constants: dict[str, float] = field(default_factory=dict)
    changing: bool = True
    known: str = ""

    def largest(self) -> float:
        """Return the largest difference of any element after any step."""
        factors = FACTORS if self.changing else [1.0] * STEPS
        rule = RULES[self.rule]
        ours = np.array([*walk(rule, START, GRADIENTS, {**rule.constants, **self.constants}, factors=factors)])
        theirs = self.path(factors)
        return float(np.max(np.abs(ours - theirs) / (np.abs(START) + np.abs(theirs - START))))


def keras_cases() -> Iterator[Case]:
    os.environ["KERAS_BACKEND"] = "torch"
    keras = importlib.import_module("keras")
    keras.config.set_floatx("float64")  # Keras keeps the step size in it

    def path(make: Callable[..., object], decay: float, **options: float) -> Callable[[list[float]], Array]:
        def of(factors: list[float]) -> Array:
            optimizer = make(**options, **({"weight_decay": decay} if decay else {}))
            own = float(optimizer.learning_rate)
            p, path = keras.Variable(START.copy(), dtype="float64"), []
            for g, factor in zip(GRADIENTS, factors, strict=True):
                optimizer.learning_rate = own * factor
                optimizer.apply([torch.tensor(g)], [p])
                path.append(p.value.detach().numpy().copy())
            return np.array(path)

        return of

    of = keras.optimizers
    heavy = {"momentum": 0.9}
    for name, make, options, constants in (
        ("sgd", of.SGD, {}, {"step_size": 1e-2}),
        ("momentum_keras", of.SGD, heavy, {}),
        ("nesterov_keras", of.SGD, {**heavy, "nesterov": True}, {}),
        ("rmsprop_keras", of.RMSprop, {}, {}),
        ("rmsprop_momentum_keras", of.RMSprop, heavy, {}),
        ("rmsprop_centered_keras", of.RMSprop, {"centered": True}, {}),
        ("rmsprop_centered_momentum_keras", of.RMSprop, {**heavy, "centered": True}, {}),
        ("adagrad_keras", of.Adagrad, {}, {}),
        ("adadelta_keras", of.Adadelta, {}, {}),
        ("adam_keras", of.Adam, {}, {}),
        ("adamw_keras", of.AdamW, {}, {}),
        ("amsgrad_keras", of.Adam, {"amsgrad": True}, {}),
        ("adamax_keras", of.Adamax, {}, {}),
        ("nadam_keras", of.Nadam, {}, {}),
        ("lion", of.Lion, {}, {"step_size": 1e-3}),
    ):
        yield Case(name, path(make, 0.0, **options), constants)
        yield Case(name, path(make, DECAY, **options), {**constants, "decay": DECAY})


def optax_cases() -> Iterator[Case]:
    jax, optax = importlib.import_module("jax"), importlib.import_module("optax")
    jax.config.update("jax_enable_x64", True)
    peak = 1e-2  # optax has no default step size

    def path(make: Callable[..., object], **options: float) -> Callable[[list[float]], Array]:
        def of(factors: list[float]) -> Array:
            table = jax.numpy.array([peak * factor for factor in factors])
            optimizer = make((lambda count: table[count]) if len({*factors}) > 1 else peak, **options)
            p, path = jax.numpy.array(START), []
            state = optimizer.init(p)
            for g in GRADIENTS:
                update, state = optimizer.update(jax.numpy.array(g), state, p)
                p = optax.apply_updates(p, update)
                path.append(np.array(p))
            return np.array(path)

        return of

    def mean(step_size: object) -> object:
        return optax.chain(optax.ema(0.9), optax.scale_by_learning_rate(step_size))

    def decaying_by_the_schedule(step_size: Callable[[int], float]) -> object:
        shares = optax.scale_by_learning_rate(lambda count: step_size(count) / peak)
        return optax.chain(optax.scale_by_adam(), optax.scale(peak), optax.add_decayed_weights(DECAY), shares)

    def rprop_in_time(first_length: float) -> object:
        late = optax.rprop(first_length)

        def update(gradient: object, state: tuple, p: object) -> tuple:
            state = late.update(gradient, state, p)[1]
            return -state[0].prev_updates, state

        return optax.GradientTransformation(late.init, update)

    heavy = {"momentum": 0.9}
    inside = {
        "": {},
        "_momentum": heavy,
        "_centered": {"centered": True},
        "_centered_momentum": {**heavy, "centered": True},
    }
    for name, make, options, constants in (
        ("sgd", optax.sgd, {}, {}),
        ("momentum", optax.sgd, heavy, {}),
        ("nesterov", optax.sgd, {**heavy, "nesterov": True}, {}),
        ("momentum_mean", mean, {}, {}),
        ("rmsprop", optax.rmsprop, {"eps_in_sqrt": False}, {"alpha": 0.9}),
        *((f"rmsprop{form}_optax", optax.rmsprop, options, {}) for form, options in inside.items()),
        *(
            (f"rmsprop{form}_tf1", optax.rmsprop, {**options, "initial_scale": 1.0, "eps": 1e-10}, {})
            for form, options in inside.items()
        ),
        ("adagrad_keras", optax.adagrad, {}, {}),
        ("adadelta", optax.adadelta, {}, {}),
        ("adam", optax.adam, {}, {}),
        ("adamw", optax.adamw, {}, {"decay": 1e-4}),
        ("adamw", optax.adamw, {"weight_decay": DECAY}, {"decay": DECAY}),
        ("adamw_paper", decaying_by_the_schedule, {}, {"decay": DECAY}),
        ("amsgrad_optax", optax.amsgrad, {}, {}),
        ("adamax", optax.adamax, {}, {}),
        ("nadamw", optax.nadam, {}, {"decay": 0.0}),
        ("nadamw", optax.nadamw, {}, {"decay": 1e-4}),
        ("nadamw", optax.nadamw, {"weight_decay": DECAY}, {"decay": DECAY}),
        ("radam_optax", optax.radam, {}, {}),
        ("lion", optax.lion, {}, {"decay": 1e-3}),
        ("lion", optax.lion, {"weight_decay": DECAY}, {"decay": DECAY}),
    ):
        yield Case(name, path(make, **options), {"step_size": peak, **constants})
    late = "optax takes each step one late (its pull request 1725); the next line takes them in time"
    yield Case("rprop", path(optax.rprop), {"step_size": peak}, changing=False, known=late)
    yield Case("rprop", path(rprop_in_time), {"step_size": peak}, changing=False)


def timm_cases() -> Iterator[Case]:
    # its optimizers alone: the whole package would need torchvision
    places = find_spec("timm").submodule_search_locations  # type: ignore[union-attr]
    alone = types.ModuleType("timm_optim")
    alone.__path__ = [f"{place}/optim" for place in places]  # type: ignore[union-attr]
    sys.modules["timm_optim"] = alone
    make = importlib.import_module("timm_optim.rmsprop_tf").RMSpropTF

    def path(**options: float) -> Callable[[list[float]], Array]:
        def of(factors: list[float]) -> Array:
            p = torch.nn.Parameter(torch.tensor(START))
            optimizer, path = make([p], decoupled_decay=True, **options), []
            own = optimizer.param_groups[0]["lr"]
            for g, factor in zip(GRADIENTS, factors, strict=True):
                optimizer.param_groups[0]["lr"] = own * factor
                p.grad = torch.tensor(g)
                optimizer.step()
                path.append(p.detach().numpy().copy())
            return np.array(path)

        return of

    for form, options in (
        ("", {}),
        ("_momentum", {"momentum": 0.9}),
        ("_centered", {"centered": True}),
        ("_centered_momentum", {"momentum": 0.9, "centered": True}),
    ):
        yield Case(f"rmsprop{form}_tf1", path(**options))
        yield Case(f"rmsprop{form}_tf1", path(weight_decay=DECAY, **options), {"decay": DECAY})


LIBRARIES: dict[str, Callable[[], Iterator[Case]]] = {"keras": keras_cases, "optax": optax_cases, "timm": timm_cases}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    file = parser.parse_args().json
    torch.set_default_dtype(torch.float64)
    versions = {"python": platform.python_version(), "numpy": version("numpy"), "torch": version("torch")}
    results: list[dict[str, object]] = []
    skipped = [library for library in LIBRARIES if not find_spec(library)]
    for library, cases in LIBRARIES.items():
        if library in skipped:
            print(f"{library} is not installed: skipped")
            continue
        versions[library] = version(library)
        for case in cases():
            largest = case.largest()
            note = "" if largest < LIMIT else case.known or "DIFFERENT"
            results.append(
                {"library": library, "rule": case.rule, "constants": case.constants, "largest": largest, "note": note}
            )
            changed = ", ".join(f"{constant} {value:g}" for constant, value in case.constants.items())
            print(f"{library:6s} {case.rule:32s} {largest:.1e}   {changed:30s} {note}".rstrip(), flush=True)
    if "optax" in versions:
        versions["jax"] = version("jax")
    if file:
        whole = {"versions": versions, "steps": STEPS, "skipped": skipped, "results": results}
        file.write_text(json.dumps(whole, indent=1) + "\n")
    sys.exit(any(result["note"] == "DIFFERENT" for result in results))


if __name__ == "__main__":
    main()
