"""Drills on nets and batches: what is left of a gradient, how large weights begin, how noisy a batch is."""

import math
from random import Random

from surefoot.study.drills.exercise import Exercise, Given, number, told

FACTORS = (0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 1.05, 1.1, 1.2, 1.5)
LAYERS = (5, 10, 12, 20, 30, 40, 50)
FANS = (32, 64, 100, 128, 200, 256, 300, 400, 512, 784, 1024, 2048)
BATCHES = (4, 9, 16, 25, 36, 64, 100, 144, 256, 400)


def gradient_through(given: Given, drawn: Random) -> Exercise:  # noqa: ARG001 - it needs nothing
    """Return the exercise of what many layers leave of a gradient."""
    factor, layers = drawn.choice(FACTORS), drawn.choice(LAYERS)
    value = factor**layers
    power = math.log10(value)
    fate = ("it vanishes" if power < -3 else "it shrinks") if power < 0 else "it explodes" if power > 3 else "it grows"
    asks = f"Each of {layers} layers multiplies the gradient by {factor:g}. By what have all of them multiplied it?"
    tells = [f"{factor:g}^{layers} = {told(value)}", f"{fate}: 10 to the power {power:.1f}"]
    return number(asks, value, tells, within=0.02)


def init_scale(given: Given, drawn: Random) -> Exercise:  # noqa: ARG001 - it needs nothing
    """Return the exercise of the standard deviation with which weights begin.

    Source: Glorot & Bengio 2010, equation (12), whose variance is 2/(fan_in + fan_out); He et al. 2015, equation (10).
    """
    fan_in, fan_out = drawn.sample(FANS, 2)
    if drawn.random() < 0.5:
        value, name = math.sqrt(2.0 / fan_in), "He"
        line = f"sqrt(2/fan_in) = sqrt(2/{fan_in}) = {told(value)}: relu lets half of the variance through"
    else:
        value, name = math.sqrt(2.0 / (fan_in + fan_out)), "Glorot"
        line = f"sqrt(2/(fan_in + fan_out)) = sqrt(2/{fan_in + fan_out}) = {told(value)}"
    what = "for relu, by its inputs" if name == "He" else "for a linear or tanh layer"
    asks = f"With which standard deviation does {name} initialisation ({what}) draw the weights of this layer?"
    return number(asks, value, [line], [f"{fan_in} inputs, {fan_out} outputs"])


def noise_of_batch(given: Given, drawn: Random) -> Exercise:  # noqa: ARG001 - it needs nothing
    """Return the exercise of a batch mean's standard deviation, or of the batch size that gives it."""
    batch, deviation = drawn.choice(BATCHES), drawn.choice((0.5, 1.0, 2.0, 3.0, 6.0))
    noise = deviation / math.sqrt(batch)
    shown = [f"standard deviation of one example's gradient: {deviation:g}", "the examples are drawn independently"]
    if drawn.random() < 0.5:
        asks = f"What is the standard deviation of the mean gradient of a batch of {batch}?"
        return number(asks, noise, [f"{deviation:g}/sqrt({batch}) = {told(noise)}"], shown)
    asks = f"How many examples must a batch have for its mean gradient to have a standard deviation of {noise:.4g}?"
    line = f"({deviation:g}/{noise:.4g})^2 = {told(batch)}: half the noise costs four times the examples"
    return number(asks, float(batch), [line], shown)
