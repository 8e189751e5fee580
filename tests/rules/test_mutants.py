"""Faults planted in the source of formulas and per-step numbers, where all backends would change together: all are caught.

A mutant is an edit of a module's text. It is caught where its path leaves the paper's oracle, torch's, or a law.
"""

import importlib.util
import inspect
import sys

import numpy as np
import oracles
import paths
import pytest
import torch

import surefoot.rules.adagrad
import surefoot.rules.adam
import surefoot.rules.adamax
import surefoot.rules.adamw_decays
import surefoot.rules.asgd
import surefoot.rules.gradient
import surefoot.rules.nadam
import surefoot.rules.radam
import surefoot.rules.rmsprop
import surefoot.rules.rmsprop_inside
import surefoot.rules.sgd
import surefoot.rules.signs
from surefoot.backends import reference
from surefoot.rules import RULES
from surefoot.rules.rule import Rule

SGD, SIGNS, ASGD = surefoot.rules.sgd, surefoot.rules.signs, surefoot.rules.asgd
RMSPROP, INSIDE, ADAGRAD = surefoot.rules.rmsprop, surefoot.rules.rmsprop_inside, surefoot.rules.adagrad
ADAM, ADAMAX, DECAYS = surefoot.rules.adam, surefoot.rules.adamax, surefoot.rules.adamw_decays
NADAM, RADAM = surefoot.rules.nadam, surefoot.rules.radam

DECAY = "p = p - step_size * decay * p"
MEAN = "m = m + (1.0 - beta1) * (g - m)"
SQUARE = "v = v + (1.0 - beta2) * (g * g - v)"
LARGEST = "u = xp.maximum(beta2 * u, xp.abs(g)"
BUFFER = "b = momentum * b + step_size * g / xp.sqrt("
CLAMP = "s = xp.minimum(xp.maximum(s, least), most)"
RECTIFIED = "(plain + rectified / (xp.sqrt(v) + eps))"

MUTANTS = [
    # module, rule, the text that is edited, what it becomes, which occurrence
    (SGD, "sgd", DECAY, "p = p + step_size * decay * p", 0),
    (SGD, "sgd", DECAY, "p = p - decay * p", 0),
    (SGD, "sgd", f"{DECAY}\n    p = p - step_size * g\n", f"p = p - step_size * g\n    {DECAY}\n", 0),
    (SGD, "sgd", "p = p - step_size * g\n", "p = p + step_size * g\n", 0),
    (SGD, "momentum", "b = momentum * b + intake * g", "b = momentum * b + (1.0 - momentum) * g", 0),
    (SGD, "momentum", "b = momentum * b + intake * g", "b = momentum * b + g", 0),
    (SGD, "momentum", "b = momentum * b + intake * g", "b = momentum * (b + intake * g)", 0),
    (SGD, "momentum", "p = p - step_size * b\n", "p = p - b\n", 0),
    (SGD, "momentum", DECAY, "p = p + step_size * decay * p", 1),
    (SGD, "momentum", "if count == 1 else", "if count == 0 else", 0),
    (SGD, "momentum", "if count == 1 else", "if count <= 2 else", 0),
    (SGD, "momentum", '1.0 - constants["dampening"]', 'constants["dampening"]', 0),
    (SGD, "nesterov", "(g + momentum * b)", "(g + b)", 0),
    (SGD, "nesterov", "(g + momentum * b)", "(momentum * g + b)", 0),
    (SGD, "nesterov", "(g + momentum * b)", "b", 0),
    (SGD, "nesterov", DECAY, "p = p - step_size * momentum * decay * p", 2),
    (SGD, "nesterov", "b = momentum * b + intake * g", "b = momentum * b + (1.0 - momentum) * g", 1),
    (SGD, "momentum_mean", "b = b + (1.0 - momentum) * (g - b)", "b = b + momentum * (g - b)", 0),
    (SGD, "momentum_mean", "b = b + (1.0 - momentum) * (g - b)", "b = momentum * b + g", 0),
    (SGD, "momentum_mean", "(b * c1)", "b", 0),
    (SGD, "momentum_mean", "(b * c1)", "((1.0 - momentum) * g + momentum * b) * c1", 0),
    (SGD, "momentum_mean", '["momentum"] ** count', '["momentum"] ** (count + 1)', 0),
    (SGD, "momentum_mean", DECAY, "p = p + step_size * decay * p", 3),
    (SGD, "momentum_keras", "p = p + b\n", "p = p - b\n", 0),
    (SGD, "momentum_keras", "b = momentum * b - step_size * g", "b = momentum * b + step_size * g", 0),
    # the step size outside the sum: another path only while it changes
    (SGD, "momentum_keras", f"b = momentum * b - step_size * g\n    {DECAY}\n    p = p + b", f"b = momentum * b - g\n    {DECAY}\n    p = p + step_size * b", 0),
    (SGD, "momentum_keras", DECAY, "b = b - step_size * decay * p", 4),
    (SGD, "nesterov_keras", "(momentum * b - step_size * g)", "b", 0),
    (SGD, "nesterov_keras", "(momentum * b - step_size * g)", "(momentum * b + step_size * g)", 0),
    (SGD, "nesterov_keras", f"b = momentum * b - step_size * g\n    {DECAY}\n    p = p + (momentum * b - step_size * g)", f"b = momentum * b - g\n    {DECAY}\n    p = p + step_size * (momentum * b - g)", 0),
    (SGD, "nesterov_keras", DECAY, "p = p - decay * p", 5),
    (RMSPROP, "rmsprop", "v = v + (1.0 - alpha) * (g * g - v)", "v = v + alpha * (g * g - v)", 0),
    (RMSPROP, "rmsprop", "v = v + (1.0 - alpha) * (g * g - v)", "v = alpha * v + g * g", 0),
    (RMSPROP, "rmsprop", "(xp.sqrt(v) + eps)", "xp.sqrt(v + eps)", 0),
    (RMSPROP, "rmsprop", "(xp.sqrt(v) + eps)", "xp.sqrt(v)", 0),
    (RMSPROP, "rmsprop", "(xp.sqrt(v) + eps)", "(v + eps)", 0),
    (RMSPROP, "rmsprop", DECAY, "p = p + step_size * decay * p", 0),
    (RMSPROP, "rmsprop_momentum", "b = momentum * b + g / (xp.sqrt(v) + eps)", "b = momentum * b + g\n    b = b / (xp.sqrt(v) + eps)", 0),
    (RMSPROP, "rmsprop_momentum", "b = momentum * b + g / (xp.sqrt(v) + eps)", "b = momentum * b + (1.0 - momentum) * g / (xp.sqrt(v) + eps)", 0),
    (RMSPROP, "rmsprop_centered", "v - m * m", "v + m * m", 0),
    (RMSPROP, "rmsprop_centered", "v - m * m", "v - m", 0),
    (RMSPROP, "rmsprop_centered", "m = m + (1.0 - alpha) * (g - m)", "m = m + (1.0 - alpha) * g", 0),
    (RMSPROP, "rmsprop_centered", "xp.maximum(v - m * m, 0.0)", "xp.maximum(v - m * m, 1.0)", 0),
    (RMSPROP, "rmsprop_centered_momentum", "m = m + (1.0 - alpha) * (g - m)", "m = m + alpha * (g - m)", 1),
    (RMSPROP, "rmsprop_centered_momentum", "p = p - step_size * b\n", "p = p - step_size * momentum * b\n", 1),
    (RMSPROP, "rmsprop_centered", DECAY, "p = p + step_size * decay * p", 2),
    (RMSPROP, "rmsprop_centered_momentum", "b = momentum * b + g / (xp.sqrt(xp.maximum(v - m * m, 0.0)) + eps)", "b = momentum * b + step_size * g / (xp.sqrt(xp.maximum(v - m * m, 0.0)) + eps)", 0),
    (INSIDE, "rmsprop_keras", "xp.sqrt(v + eps)", "(xp.sqrt(v) + eps)", 0),
    (INSIDE, "rmsprop_optax", "xp.sqrt(v + eps)", "xp.sqrt(v + eps * eps)", 0),
    (INSIDE, "rmsprop_optax", "v = v + (1.0 - alpha) * (g * g - v)", "v = v + alpha * (g * g - v)", 0),
    (INSIDE, "rmsprop_tf1", '{"v": 1.0}', "{}", 0),
    (INSIDE, "rmsprop_tf1", '{"v": 1.0}', '{"v": 0.1}', 0),
    (INSIDE, "rmsprop_keras", DECAY, "p = p + step_size * decay * p", 0),
    (INSIDE, "rmsprop_keras", '"eps": 1e-7}, {}', '"eps": 1e-7}, {"v": 1.0}', 0),
    (INSIDE, "rmsprop_momentum_keras", f"{BUFFER}v + eps)\n    {DECAY}\n    p = p - b", f"b = momentum * b + g / xp.sqrt(v + eps)\n    {DECAY}\n    p = p - step_size * b", 0),
    (INSIDE, "rmsprop_momentum_optax", f"{BUFFER}v + eps)", "b = momentum * b + step_size * g / (xp.sqrt(v) + eps)", 0),
    (INSIDE, "rmsprop_momentum_optax", "p = p - b\n", "p = p - (step_size * g / xp.sqrt(v + eps) + momentum * b)\n", 0),
    (INSIDE, "rmsprop_momentum_tf1", f"{DECAY}\n    p = p - b", "b = b + step_size * decay * p\n    p = p - b", 0),
    (INSIDE, "rmsprop_momentum_tf1", "starts=starts", "starts={}", 0),
    (INSIDE, "rmsprop_centered_keras", "v - m * m, 0.0) + eps", "v + m * m, 0.0) + eps", 0),
    (INSIDE, "rmsprop_centered_optax", "xp.sqrt(xp.maximum(v - m * m, 0.0) + eps)", "(xp.sqrt(xp.maximum(v - m * m, 0.0)) + eps)", 0),
    (INSIDE, "rmsprop_centered_optax", "xp.maximum(v - m * m, 0.0) + eps", "xp.maximum(v - m * m, eps)", 0),
    (INSIDE, "rmsprop_centered_tf1", "m = m + (1.0 - alpha) * (g - m)", "m = m + alpha * (g - m)", 0),
    (INSIDE, "rmsprop_centered_tf1", '{"v": 1.0}', '{"v": 1.0, "m": 1.0}', 0),
    (INSIDE, "rmsprop_centered_momentum_keras", f"{BUFFER}xp.maximum(v - m * m, 0.0) + eps)\n    {DECAY}\n    p = p - b", f"b = momentum * b + g / xp.sqrt(xp.maximum(v - m * m, 0.0) + eps)\n    {DECAY}\n    p = p - step_size * b", 0),
    (INSIDE, "rmsprop_centered_momentum_optax", "m = m + (1.0 - alpha) * (g - m)", "m = m + (1.0 - alpha) * g", 1),
    (INSIDE, "rmsprop_centered_momentum_tf1", f"{BUFFER}xp.maximum(v - m * m, 0.0) + eps)", f"{BUFFER}xp.maximum(v - m, 0.0) + eps)", 0),
    (INSIDE, "rmsprop_centered_momentum_tf1", DECAY, "p = p - decay * p", 3),
    (ADAGRAD, "adagrad", "v = v + g * g", "v = v + xp.abs(g)", 0),
    (ADAGRAD, "adagrad", "v = v + g * g", "v = xp.maximum(v, g * g)", 0),
    (ADAGRAD, "adagrad", "(xp.sqrt(v) + eps)", "xp.sqrt(v + eps)", 0),
    (ADAGRAD, "adagrad", "step_size * slowing * g", "step_size * g", 0),
    (ADAGRAD, "adagrad", f"{DECAY}\n    p = p - step_size * slowing", "p = p - step_size * slowing * decay * p\n    p = p - step_size * slowing", 0),
    (ADAGRAD, "adagrad", "(count - 1) * constants", "count * constants", 0),
    (ADAGRAD, "adagrad", "1.0 / (1.0 + (count - 1)", "1.0 / (1.0 - (count - 1)", 0),
    (ADAGRAD, "adagrad", 'starts={"v": "start"},', "", 0),
    (ADAGRAD, "adagrad", DECAY, "p = p + step_size * decay * p", 0),
    (ADAGRAD, "adagrad_keras", "xp.sqrt(v + eps)", "(xp.sqrt(v) + eps)", 0),
    (ADAGRAD, "adagrad_keras", "xp.sqrt(v + eps)", "xp.sqrt(v)", 0),
    (ADAGRAD, "adagrad_keras", 'starts={"v": "start"}, ', "", 0),
    (ADAGRAD, "adagrad_keras", 'starts={"v": "start"}, ', 'starts={"v": 0.1}, ', 0),
    (ADAGRAD, "adagrad_keras", DECAY, "p = p - decay * p", 1),
    (ADAGRAD, "adadelta", "v = v + (1.0 - rho) * (g * g - v)", "v = v + rho * (g * g - v)", 0),
    (ADAGRAD, "adadelta", "d = d + (1.0 - rho) * (u * u - d)", "d = d + rho * (u * u - d)", 0),
    (ADAGRAD, "adadelta", "d = d + (1.0 - rho) * (u * u - d)", "d = d + (1.0 - rho) * (step_size * step_size * u * u - d)", 0),
    (ADAGRAD, "adadelta", "d = d + (1.0 - rho) * (u * u - d)", "d = d + (1.0 - rho) * (g * g - d)", 0),
    (ADAGRAD, "adadelta", "u = xp.sqrt(d + eps) / xp.sqrt(v + eps) * g\n    d = d + (1.0 - rho) * (u * u - d)", "d = d + (1.0 - rho) * (g * g / (v + eps) - d)\n    u = xp.sqrt(d + eps) / xp.sqrt(v + eps) * g", 0),
    (ADAGRAD, "adadelta", "xp.sqrt(d + eps) / xp.sqrt(v + eps)", "(xp.sqrt(d) + eps) / (xp.sqrt(v) + eps)", 0),
    (ADAGRAD, "adadelta", "xp.sqrt(d + eps) / xp.sqrt(v + eps)", "xp.sqrt(d + eps) / xp.sqrt(v)", 0),
    (ADAGRAD, "adadelta", "xp.sqrt(d + eps) / xp.sqrt(v + eps)", "xp.sqrt(v + eps) / xp.sqrt(d + eps)", 0),
    (ADAGRAD, "adadelta", "p = p - step_size * u", "p = p - u", 0),
    (ADAGRAD, "adadelta_keras", DECAY, "p = p - decay * p", 2),
    (ADAM, "adamw", DECAY, "p = p + step_size * decay * p", 0),
    (ADAM, "adamw", DECAY, "p = p - decay * p", 0),
    (ADAM, "adamw", DECAY, "p = p", 0),
    (ADAM, "adamw", DECAY, "g = g + decay * p", 0),
    (ADAM, "adamw", f"{DECAY}\n    p = p - step_size * (m * c1) / (xp.sqrt(v * c2) + eps)", f"p = p - step_size * (m * c1) / (xp.sqrt(v * c2) + eps)\n    {DECAY}", 0),
    (ADAM, "adamw", "(xp.sqrt(v * c2) + eps)", "xp.sqrt(v * c2 + eps)", 0),
    (ADAM, "adamw", "(xp.sqrt(v * c2) + eps)", "(xp.sqrt(v) + eps)", 0),
    (ADAM, "adamw", "(xp.sqrt(v * c2) + eps)", "(xp.sqrt(v) * c2 + eps)", 0),
    (ADAM, "adamw", "(m * c1)", "m", 0),
    (ADAM, "adamw", "m = m + (1.0 - beta1) * (g - m)", "m = m + (1.0 - beta2) * (g - m)", 0),
    (ADAM, "adamw", "v = v + (1.0 - beta2) * (g * g - v)", "v = v + (1.0 - beta1) * (g * g - v)", 0),
    (ADAM, "adamw", "m = m + (1.0 - beta1) * (g - m)", "m = beta1 * m + g", 0),
    (ADAM, "adamw", "v = v + (1.0 - beta2) * (g * g - v)", "v = v + (1.0 - beta2) * ((g - m) * (g - m) - v)", 0),
    (ADAM, "adamw", 'constants["beta1"] ** count', 'constants["beta1"] ** (count - 1 + 1e-9)', 0),
    (ADAM, "adamw", 'constants["beta1"] ** count', 'constants["beta1"] ** (count + 1)', 0),
    (ADAM, "adamw", 'constants["beta2"] ** count', 'constants["beta2"] ** (count + 1)', 0),
    (ADAM, "adamw", 'constants["beta2"] ** count', 'constants["beta1"] ** count', 0),
    (ADAM, "amsgradw", "w = xp.maximum(w, v)", "w = xp.minimum(w, v)", 0),
    (ADAM, "amsgradw", "w = xp.maximum(w, v)", "w = v", 0),
    (ADAM, "amsgradw", "w = xp.maximum(w, v)", "w = xp.maximum(w, v * c2)", 0),
    (ADAM, "amsgradw", "xp.sqrt(w * c2)", "xp.sqrt(v * c2)", 0),
    (ADAM, "adam", DECAY, "p = p - decay * p", 0),
    (ADAM, "adam", "p = p - step_size * (m * c1)", "p = p + step_size * (m * c1)", 0),
    (ADAM, "adam", "adam, _PLAIN, \"Kingma & Ba 2015 (arXiv:1412.6980), Algorithm 1.\", per_step=bias_corrections", "adam, _PLAIN, \"Kingma & Ba 2015 (arXiv:1412.6980), Algorithm 1.\", per_step=eps_uncorrected", 0),
    (ADAM, "amsgrad", "w = xp.maximum(w, v)", "w = xp.maximum(w, g * g)", 0),
    (ADAM, "amsgrad", "xp.sqrt(w * c2)", "xp.sqrt(w)", 0),
    (ADAM, "amsgrad", DECAY, "p = p + step_size * decay * p", 1),
    (ADAM, "amsgrad", MEAN, "m = m + (1.0 - beta2) * (g - m)", 1),
    (ADAM, "amsgrad", SQUARE, "v = v + (1.0 - beta1) * (g * g - v)", 1),
    (ADAM, "amsgrad", "(xp.sqrt(w * c2) + eps)", "xp.sqrt(w * c2 + eps)", 0),
    (ADAM, "amsgrad_optax", "w = xp.maximum(w, v * c2)\n", "w = xp.maximum(w, v)\n", 0),
    (ADAM, "amsgrad_optax", "w = xp.maximum(w, v * c2)", "w = xp.minimum(w, v * c2)", 0),
    (ADAM, "amsgrad_optax", "w = xp.maximum(w, v * c2)", "w = xp.maximum(w, v / c2)", 0),
    (ADAM, "amsgrad_optax", f"w = xp.maximum(w, v * c2)\n    {DECAY}\n    p = p - step_size * (m * c1) / (xp.sqrt(w)", f"w = xp.maximum(w, v)\n    {DECAY}\n    p = p - step_size * (m * c1) / (xp.sqrt(w * c2)", 0),
    (ADAM, "amsgrad_optax", "(m * c1) / (xp.sqrt(w) + eps)", "(m * c1) / (xp.sqrt(w * c2) + eps)", 0),
    (ADAM, "amsgrad_optax", DECAY, "p = p - decay * p", 2),
    (ADAM, "adam_keras", 'constants["eps"] * sqrt(corrections["c2"])', 'constants["eps"]', 0),
    (ADAM, "adam_keras", 'constants["eps"] * sqrt(corrections["c2"])', 'constants["eps"] / sqrt(corrections["c2"])', 0),
    (ADAM, "adamw_keras", 'constants["eps"] * sqrt(corrections["c2"])', 'constants["eps"] * corrections["c2"]', 0),
    (ADAM, "adamw_keras", 'constants["eps"] * sqrt(corrections["c2"])', 'constants["eps"] * sqrt(corrections["c1"])', 0),
    (ADAM, "amsgrad_keras", 'constants["eps"] * sqrt(corrections["c2"])', 'constants["eps"] * corrections["c1"]', 0),
    (ADAM, "amsgrad_keras", "corrections = bias_corrections(count, constants)", "corrections = bias_corrections(count + 1, constants)", 0),
    (DECAYS, "adamw_paper", "p = p - factor * decay * p", "p = p - decay * p", 0),
    (DECAYS, "adamw_paper", "p = p - factor * decay * p", "p = p - step_size * decay * p", 0),
    (DECAYS, "adamw_paper", "p = p - factor * decay * p", "p = p + factor * decay * p", 0),
    (DECAYS, "adamw_paper", "p = p - factor * decay * p", "p = p - factor * step_size * decay * p", 0),
    (DECAYS, "adamw_paper", "p = p - step_size * (m * c1)", "p = p - factor * step_size * (m * c1)", 0),
    (DECAYS, "adamw_paper", MEAN, "m = m + (1.0 - beta2) * (g - m)", 0),
    (DECAYS, "adamw_paper", "(xp.sqrt(v * c2) + eps)", "xp.sqrt(v * c2 + eps)", 0),
    (DECAYS, "adamw_corrected", "step_size * factor * decay * p", "step_size * decay * p", 0),
    (DECAYS, "adamw_corrected", "step_size * factor * decay * p", "factor * decay * p", 0),
    (DECAYS, "adamw_corrected", "step_size * factor * decay * p", "step_size * step_size * decay * p", 0),
    (DECAYS, "adamw_corrected", "step_size * factor * decay * p", "step_size / factor * decay * p", 0),
    (DECAYS, "adamw_corrected", "p = p - step_size * factor * decay * p", "p = p + step_size * factor * decay * p", 0),
    (DECAYS, "adamw_corrected", SQUARE, "v = v + (1.0 - beta1) * (g * g - v)", 1),
    (DECAYS, "adamw_cautious", "xp.where(u * p >= 0.0, p, 0.0)", "xp.where(u * p <= 0.0, p, 0.0)", 0),
    (DECAYS, "adamw_cautious", "xp.where(u * p >= 0.0, p, 0.0)", "xp.where(u * p > 0.0, p, 0.0)", 0),
    (DECAYS, "adamw_cautious", "xp.where(u * p >= 0.0, p, 0.0)", "xp.where(g * p >= 0.0, p, 0.0)", 0),
    (DECAYS, "adamw_cautious", "xp.where(u * p >= 0.0, p, 0.0)", "xp.where(u * p >= 0.0, u, 0.0)", 0),
    (DECAYS, "adamw_cautious", "xp.where(u * p >= 0.0, p, 0.0)", "p", 0),
    (DECAYS, "adamw_cautious", "p = p - step_size * decay * xp.where(u * p >= 0.0, p, 0.0)\n    p = p - step_size * u", "p = p - step_size * u\n    p = p - step_size * decay * xp.where(u * p >= 0.0, p, 0.0)", 0),
    (DECAYS, "adamw_cautious", "step_size * decay * xp", "decay * xp", 0),
    (DECAYS, "adamw_cautious", "u = (m * c1) / (xp.sqrt(v * c2) + eps)", "u = m / (xp.sqrt(v * c2) + eps)", 0),
    (ADAMAX, "adamax", f"{LARGEST} + eps)", "u = xp.minimum(beta2 * u, xp.abs(g) + eps)", 0),
    (ADAMAX, "adamax", f"{LARGEST} + eps)", "u = xp.maximum(beta1 * u, xp.abs(g) + eps)", 0),
    (ADAMAX, "adamax", f"{LARGEST} + eps)", "u = xp.maximum(u, xp.abs(g) + eps)", 0),
    (ADAMAX, "adamax", f"{LARGEST} + eps)", "u = xp.maximum(beta2 * u, g + eps)", 0),
    (ADAMAX, "adamax", f"{LARGEST} + eps)", "u = xp.maximum(beta2 * u, xp.abs(g)) + eps", 0),
    (ADAMAX, "adamax", f"{LARGEST} + eps)", "u = xp.maximum(beta2 * u + eps, xp.abs(g))", 0),
    (ADAMAX, "adamax", "(m * c1)", "m", 0),
    (ADAMAX, "adamax", '["c1"]', '["c2"]', 0),
    (ADAMAX, "adamax", "bias_corrections(count, constants)", "bias_corrections(count + 1, constants)", 0),
    (ADAMAX, "adamax", DECAY, "p = p + step_size * decay * p", 0),
    (ADAMAX, "adamax_keras", f"{LARGEST})\n", f"{LARGEST} + eps)\n", 0),
    (ADAMAX, "adamax_keras", "/ (u + eps)", "/ u", 0),
    (ADAMAX, "adamax_keras", f"{LARGEST})\n    {DECAY}\n    p = p - step_size * (m * c1) / (u + eps)", f"{LARGEST} + eps)\n    {DECAY}\n    p = p - step_size * (m * c1) / u", 0),
    (ADAMAX, "adamax_keras", MEAN, "m = m + (1.0 - beta2) * (g - m)", 1),
    (ADAMAX, "adamax_keras", DECAY, "p = p - decay * p", 1),
    (NADAM, "nadam", "(ahead * m + now * g)", "(now * m + ahead * g)", 0),
    (NADAM, "nadam", "(ahead * m + now * g)", "(ahead * m)", 0),
    (NADAM, "nadam", "(ahead * m + now * g)", "(ahead * m - now * g)", 0),
    (NADAM, "nadam", MEAN, "m = beta1 * m + g", 0),
    (NADAM, "nadam", SQUARE, "v = v + (1.0 - beta1) * (g * g - v)", 0),
    (NADAM, "nadam", "(xp.sqrt(v * c2) + eps)", "xp.sqrt(v * c2 + eps)", 0),
    (NADAM, "nadam", DECAY, "p = p - decay * p", 0),
    (NADAM, "nadam", "_momentum(count, constants), _momentum(count + 1, constants)", "_momentum(count - 1, constants), _momentum(count, constants)", 0),
    (NADAM, "nadam", "_momentum(count, constants), _momentum(count + 1, constants)", "_momentum(count, constants), _momentum(count, constants)", 0),
    (NADAM, "nadam", "_momentum(count, constants), _momentum(count + 1, constants)", "_momentum(count + 1, constants), _momentum(count, constants)", 0),
    (NADAM, "nadam", "1.0 - 0.5 * 0.96", "1.0 - 0.96", 0),
    (NADAM, "nadam", "0.96 ** (count", "0.96 ** (1.0 / count", 0),
    (NADAM, "nadam", 'product = constants["mu_product"] * mu\n', "product = mu\n", 0),
    (NADAM, "nadam", 'product = constants["mu_product"] * mu\n', 'product = constants["mu_product"] * following\n', 0),
    (NADAM, "nadam", 'product = constants["mu_product"] * mu\n', "product = mu**count\n", 0),
    (NADAM, "nadam", "following / (1.0 - product * following)", "following / (1.0 - product)", 0),
    (NADAM, "nadam", "following / (1.0 - product * following)", "mu / (1.0 - product * following)", 0),
    (NADAM, "nadam", "following / (1.0 - product * following)", "following / (1.0 - product * mu)", 0),
    (NADAM, "nadam", "(1.0 - mu) / (1.0 - product)", "(1.0 - mu) / (1.0 - product * following)", 0),
    (NADAM, "nadam", "(1.0 - mu) / (1.0 - product)", "(1.0 - following) / (1.0 - product)", 0),
    (NADAM, "nadam", "(1.0 - mu) / (1.0 - product)", "mu / (1.0 - product)", 0),
    (NADAM, "nadam", 'constants["mu_product"] * _momentum(count, constants)}', 'constants["mu_product"] * _momentum(count + 1, constants)}', 0),
    (NADAM, "nadam", 'constants["mu_product"] * _momentum(count, constants)}', "_momentum(count, constants)}", 0),
    (NADAM, "nadam", 'starts={"mu_product": 1.0}, carry=product, ', 'starts={"mu_product": 1.0}, ', 0),
    (NADAM, "nadam_keras", 'starts={"mu_product": 1.0}, carry=product, ', 'starts={"mu_product": "beta1"}, carry=product, ', 1),
    (NADAM, "nadam_keras", "per_step=rising", "per_step=constant", 1),
    (NADAM, "nadam_keras", "count * constants[", "count * 4e-3 * constants[", 0),
    (NADAM, "nadamw", "per_step=constant,", "per_step=constant_algoperf,", 0),
    (NADAM, "nadamw", "bias_corrections(count + 1, constants)", "bias_corrections(count + 2, constants)", 0),
    (NADAM, "nadamw", 'beta1 * following["c1"]', 'beta1 * following["c2"]', 0),
    (NADAM, "nadamw", '(1.0 - beta1) * corrections["c1"]', '(1.0 - beta1) * following["c1"]', 0),
    (NADAM, "nadamw", '(1.0 - beta1) * corrections["c1"]', '(1.0 - beta1)', 0),
    (NADAM, "nadamw", '"c2": corrections["c2"]}', '"c2": following["c2"]}', 0),
    (NADAM, "nadamw", '"c2": corrections["c2"]}', '"c2": corrections["c1"]}', 0),
    (NADAM, "nadamw_algoperf", "per_step=constant_algoperf", "per_step=constant", 0),
    (NADAM, "nadamw_algoperf", '{"ahead": beta1 * c1', '{"ahead": c1', 0),
    (NADAM, "nadamw_algoperf", "(1.0 - beta1) * c1", "(1.0 - beta1)", 0),
    (NADAM, "nadamw_algoperf", '"c2": corrections["c2"]}', '"c2": 1.0}', 1),
    (RADAM, "radam", "THRESHOLD = 5.0", "THRESHOLD = 4.0", 0),
    (RADAM, "radam", "THRESHOLD = 5.0", "THRESHOLD = 6.0", 0),
    (RADAM, "radam", '"plain": 1.0, "rectified": 0.0}', '"plain": 0.0, "rectified": 1.0}', 0),
    (RADAM, "radam", '"plain": 0.0, "rectified": sqrt', '"plain": 1.0, "rectified": sqrt', 0),
    (RADAM, "radam", "2.0 / (1.0 - beta2) - 1.0", "2.0 / (1.0 - beta2)", 0),
    (RADAM, "radam", "2.0 / (1.0 - beta2) - 1.0", '2.0 / (1.0 - constants["beta1"]) - 1.0', 0),
    (RADAM, "radam", "2.0 * count * beta2**count", "2.0 * (count - 1) * beta2**count", 0),
    (RADAM, "radam", 'beta2**count * corrections["c2"]', "beta2**count", 0),
    (RADAM, "radam", "variance = (seen - 4.0) * (seen - 2.0) * most / ((most - 4.0) * (most - 2.0) * seen)", "variance = (most - 4.0) * (most - 2.0) * seen / ((seen - 4.0) * (seen - 2.0) * most)", 0),
    (RADAM, "radam", "(seen - 4.0) * (seen - 2.0) * most", "(seen - 4.0) * (seen - 2.0)", 0),
    (RADAM, "radam", 'sqrt(variance / corrections["c2"])', 'variance / sqrt(corrections["c2"])', 0),
    (RADAM, "radam", 'sqrt(variance / corrections["c2"])', 'sqrt(variance * corrections["c2"])', 0),
    (RADAM, "radam", 'sqrt(variance / corrections["c2"])', "sqrt(variance)", 0),
    (RADAM, "radam", "(m * c1)", "m", 0),
    (RADAM, "radam", '{"c1": corrections["c1"], "plain": 1.0', '{"c1": 1.0, "plain": 1.0', 0),
    (RADAM, "radam", RECTIFIED, "(plain + rectified / xp.sqrt(v + eps))", 0),
    (RADAM, "radam", RECTIFIED, "(rectified + plain / (xp.sqrt(v) + eps))", 0),
    (RADAM, "radam", DECAY, "p = p + step_size * decay * p", 0),
    (RADAM, "radam_optax", 'constants["eps"] / sqrt(corrections["c2"])', 'constants["eps"] * sqrt(corrections["c2"])', 0),
    (RADAM, "radam_optax", 'constants["eps"] / sqrt(corrections["c2"])', 'constants["eps"]', 0),
    (RADAM, "radam_optax", 'constants["eps"] / sqrt(corrections["c2"])', 'constants["eps"] / corrections["c2"]', 0),
    (RADAM, "radam_optax", "per_step=eps_corrected", "per_step=rectification", 0),
    (RADAM, "radam_waiting", "per_step=waiting", "per_step=rectification", 0),
    (RADAM, "radam_waiting", '**rectification(count, constants), "plain": 0.0', '**rectification(count, constants), "rectified": 0.0', 0),
    (RADAM, "radam_waiting", DECAY, "p = p - (1.0 - plain) * step_size * decay * p * rectified", 0),
    (SIGNS, "lion", "u = beta1 * m + (1.0 - beta1) * g\n    m = m + (1.0 - beta2) * (g - m)", "m = m + (1.0 - beta2) * (g - m)\n    u = beta1 * m + (1.0 - beta1) * g", 0),
    (SIGNS, "lion", "u = beta1 * m + (1.0 - beta1) * g\n    m = m + (1.0 - beta2) * (g - m)", "u = beta2 * m + (1.0 - beta2) * g\n    m = m + (1.0 - beta1) * (g - m)", 0),
    (SIGNS, "lion", "m = m + (1.0 - beta2) * (g - m)", "m = u", 0),
    (SIGNS, "lion", "u = beta1 * m + (1.0 - beta1) * g", "u = (1.0 - beta1) * m + beta1 * g", 0),
    (SIGNS, "lion", "xp.sign(u)", "u", 0),
    (SIGNS, "lion", "xp.sign(u)", "xp.sign(g)", 0),
    (SIGNS, "lion", "xp.sign(u)", "xp.sign(m)", 0),
    (SIGNS, "lion", "xp.sign(u)", "xp.where(u >= 0.0, 1.0, -1.0)", 0),
    (SIGNS, "lion", DECAY, "p = p + step_size * decay * p", 0),
    (SIGNS, "lion", DECAY, "p = p - decay * p", 0),
    (SIGNS, "rprop", "a > 0.0, grow * s, xp.where(a < 0.0, shrink * s, s)", "a > 0.0, shrink * s, xp.where(a < 0.0, grow * s, s)", 0),
    (SIGNS, "rprop", "a > 0.0, grow * s, xp.where(a < 0.0, shrink * s, s)", "a >= 0.0, grow * s, xp.where(a < 0.0, shrink * s, s)", 0),
    (SIGNS, "rprop", "a > 0.0, grow * s, xp.where(a < 0.0, shrink * s, s)", "a > 0.0, grow * s, shrink * s", 0),
    (SIGNS, "rprop", CLAMP, "s = xp.maximum(xp.minimum(s, least), most)", 0),
    (SIGNS, "rprop", CLAMP, "s = xp.minimum(s, most)", 0),
    (SIGNS, "rprop", CLAMP, "s = xp.maximum(s, least)", 0),
    (SIGNS, "rprop", CLAMP, "s = xp.minimum(xp.maximum(s, factor * least), factor * most)", 0),
    (SIGNS, "rprop", "q = xp.where(a < 0.0, 0.0, g)", "q = xp.where(a < 0.0, q, g)", 0),
    (SIGNS, "rprop", "q = xp.where(a < 0.0, 0.0, g)", "q = xp.where(a > 0.0, 0.0, g)", 0),
    (SIGNS, "rprop", "q = xp.where(a < 0.0, 0.0, g)\n", "q = xp.where(a < 0.0, g, g)\n", 0),
    # no step after a turn, but the gradient is remembered all the same
    (SIGNS, "rprop", f"q = xp.where(a < 0.0, 0.0, g)\n    {DECAY}\n    p = p - factor * s * xp.sign(q)", f"q = xp.where(a < 0.0, g, g)\n    {DECAY}\n    p = p - xp.where(a < 0.0, 0.0, factor * s) * xp.sign(q)", 0),
    (SIGNS, "rprop", "p = p - factor * s * xp.sign(q)", "p = p - s * xp.sign(q)", 0),
    (SIGNS, "rprop", "p = p - factor * s * xp.sign(q)", "p = p - step_size * s * xp.sign(q)", 0),
    (SIGNS, "rprop", "p = p - factor * s * xp.sign(q)", "p = p - factor * s * xp.sign(g)", 0),
    (SIGNS, "rprop", "p = p - factor * s * xp.sign(q)", "p = p - factor * s * q", 0),
    (SIGNS, "rprop", 'starts={"s": "peak"},', "", 0),
    (SIGNS, "rprop", 'starts={"s": "peak"}', 'starts={"s": "most"}', 0),
    (SIGNS, "rprop", DECAY, "p = p - decay * p", 1),
    (ASGD, "asgd", "p = p - factor * stride * pull * p", "p = p + factor * stride * pull * p", 0),
    (ASGD, "asgd", "p = p - factor * stride * pull * p", "p = p - factor * pull * p", 0),
    (ASGD, "asgd", "p = p - factor * stride * pull * p", "p = p - stride * pull * p", 0),
    (ASGD, "asgd", "p = p - factor * stride * pull * p\n    p = p - factor * stride * g", "p = p - factor * stride * g\n    p = p - factor * stride * pull * p", 0),
    (ASGD, "asgd", "p = p - factor * stride * g", "p = p - stride * g", 0),
    (ASGD, "asgd", "p = p - factor * stride * g", "p = p - step_size * stride * g", 0),
    (ASGD, "asgd", "p = p - factor * stride * g", "p = p - step_size * g", 0),
    (ASGD, "asgd", DECAY, "p = p - stride * decay * p", 0),
    (ASGD, "asgd", DECAY, "p = p + step_size * decay * p", 0),
    (ASGD, "asgd", '["pull"] * peak * count', '["pull"] * peak * (count + 1)', 0),
    (ASGD, "asgd", '["pull"] * peak * count', '["pull"] * count', 0),
    (ASGD, "asgd", '["pull"] * peak * count', '["pull"] * constants["step_size"] * count', 0),
    (ASGD, "asgd", 'stride = peak / (1.0', 'stride = constants["step_size"] / (1.0', 0),
    (ASGD, "asgd", ' ** constants["slowness"]', "", 0),
    (ASGD, "asgd", 'max(1.0, count - constants["averaged_from"])', 'max(1.0, count + 1 - constants["averaged_from"])', 0),
    (ASGD, "asgd", 'max(1.0, count - constants["averaged_from"])', "max(1.0, count)", 0),
    (ASGD, "asgd", 'max(1.0, count - constants["averaged_from"])', 'max(2.0, count - constants["averaged_from"])', 0),
    (ASGD, "asgd", "a = weight * p + (1.0 - weight) * a", "a = (1.0 - weight) * p + weight * a", 0),
    (ASGD, "asgd", '"stride": "peak", "weight"', '"stride": "step_size", "weight"', 0),
    (ASGD, "asgd", '"stride": "peak", "weight": 1.0', '"stride": "peak", "weight": 0.0', 0),
    (ASGD, "asgd", "    carry=slower,\n", "", 0),
    (ASGD, "asgd", "    carry=slower,\n", "    carry=slower,\n    per_step=slower,\n", 0),
]  # fmt: skip


def edited(text, old, new, occurrence):
    """The text with one occurrence replaced; an edit that no longer applies is an error, not a pass."""
    parts = text.split(old)
    assert len(parts) > occurrence + 1, f"the mutant of {old!r} no longer applies"
    return old.join(parts[: occurrence + 1]) + new + old.join(parts[occurrence + 1 :])


def planted(module, old, new, occurrence, tmp_path):
    path = tmp_path / "mutant.py"
    path.write_text(edited(inspect.getsource(module), old, new, occurrence))
    spec = importlib.util.spec_from_file_location("mutant", path)
    mutant = importlib.util.module_from_spec(spec)
    sys.modules["mutant"] = mutant
    spec.loader.exec_module(mutant)
    return mutant


STEPS = 20
ONE_STEP_SIZE = [1.0] * STEPS
SCHEDULE = [0.8, *paths.factors(STEPS - 1)]  # the first step is below the peak, which tells what starts at either


def gradients():
    """Gradients that also reach what depends on signs: one element has none, one only now and then, one never turns."""
    script = np.array(paths.gradients(STEPS))
    script[:, 3] = 0.0
    script[::3, 5] = 0.0
    script[:, 6] = np.abs(script[:, 6])
    return list(script)


def last_slots(rule, theta, constants, factors):
    """What the rule carries in its last slot after each step; of asgd the mean, which no parameter shows."""
    kept, step = [], reference.step

    def recording(*arguments):
        kept.append(step(*arguments))
        return kept[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "step", recording)
        paths.reference_path(rule, theta, gradients(), constants, factors=factors)
    return [slots[-1] for slots in kept]


def differ(ours, theirs):
    return not np.allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def caught_by_oracle(rule, factors):
    theta, constants = paths.start(), paths.CONSTANTS[rule.name]
    papers = getattr(oracles, rule.name)(theta, gradients(), factors=factors, **constants)
    if differ(paths.reference_path(rule, theta, gradients(), constants, factors=factors), papers):
        return True
    if rule.name != "asgd":
        return False
    means = oracles.asgd(theta, gradients(), factors=factors, averages=True, **constants)
    return differ(last_slots(rule, theta, constants, factors), means)


def adam_of(optimizer, **options):
    """What builds torch's optimizer of Adam's kin from our constants."""
    return lambda p, c: optimizer(p, c["step_size"], (c["beta1"], c["beta2"]), c["eps"], **options)


def adam_decaying(optimizer, **options):
    """The same with torch's own decoupled decay."""
    return lambda p, c: adam_of(optimizer, weight_decay=c["decay"], decoupled_weight_decay=True, **options)(p, c)


def rmsprop(momentum=False, centered=False):
    return lambda p, c: torch.optim.RMSprop(
        p, c["step_size"], c["alpha"], c["eps"], momentum=c["momentum"] if momentum else 0, centered=centered
    )


def nadam(p, c):
    return adam_decaying(torch.optim.NAdam, momentum_decay=c["momentum_decay"])(p, c)


def adadelta(p, c):
    return torch.optim.Adadelta(p, c["step_size"], c["rho"], c["eps"])


TORCH = {
    "sgd": lambda p, c: torch.optim.SGD(p, c["step_size"]),
    "momentum": lambda p, c: torch.optim.SGD(p, c["step_size"], c["momentum"], c["dampening"]),
    "nesterov": lambda p, c: torch.optim.SGD(p, c["step_size"], c["momentum"], nesterov=True),
    "rmsprop": rmsprop(),
    "rmsprop_momentum": rmsprop(momentum=True),
    "rmsprop_centered": rmsprop(centered=True),
    "rmsprop_centered_momentum": rmsprop(momentum=True, centered=True),
    "adagrad": lambda p, c: torch.optim.Adagrad(p, c["step_size"], c["step_decay"], 0, c["start"], c["eps"]),
    "adadelta": adadelta,
    "adadelta_keras": adadelta,
    "adam": adam_decaying(torch.optim.Adam),
    "adamw": lambda p, c: torch.optim.AdamW(p, c["step_size"], (c["beta1"], c["beta2"]), c["eps"], c["decay"]),
    "amsgrad": adam_decaying(torch.optim.Adam, amsgrad=True),
    "amsgradw": lambda p, c: torch.optim.AdamW(p, c["step_size"], (c["beta1"], c["beta2"]), c["eps"], c["decay"], amsgrad=True),
    "adamax": adam_of(torch.optim.Adamax),
    "nadam": nadam,
    "nadam_keras": nadam,
    "radam": adam_decaying(torch.optim.RAdam),
    "rprop": lambda p, c: torch.optim.Rprop(p, c["step_size"], (c["shrink"], c["grow"]), (c["least"], c["most"])),
    "asgd": lambda p, c: torch.optim.ASGD(p, c["step_size"], c["pull"], c["slowness"], c["averaged_from"]),
}  # fmt: skip
# where torch can decouple the decay
DECAYING = {"adam", "adamw", "amsgrad", "amsgradw", "nadam", "nadam_keras", "radam"}
# where torch's step size is the first length only, or acts a step late: not walked with a schedule
OF_THE_PEAK = {"rprop", "asgd"}


@pytest.fixture(autouse=True)
def _float64():
    """Torch keeps step counts, etas and products in its default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def caught_by_torch(rule, factors):
    """Walk beside torch's optimizer in float64, where torch has it."""
    if rule.name not in TORCH or (rule.name in OF_THE_PEAK and factors is SCHEDULE):
        return False
    constants = dict(paths.CONSTANTS[rule.name])
    if rule.name not in DECAYING:
        constants["decay"] = 0.0
    p = torch.nn.Parameter(torch.from_numpy(paths.start()))
    optimizer = TORCH[rule.name]([p], constants)
    for g, factor in zip(gradients(), factors, strict=True):
        p.grad = torch.from_numpy(g)
        optimizer.param_groups[0]["lr"] = constants["step_size"] * factor
        optimizer.step()
    ours = paths.reference_path(rule, paths.start(), gradients(), constants, factors=factors)
    if differ(ours[-1], p.detach().numpy()):
        return True
    if rule.name != "asgd":
        return False
    return differ(last_slots(rule, paths.start(), constants, factors)[-1], optimizer.state[p]["ax"].numpy())


def caught(rule):
    judges, paces = (caught_by_oracle, caught_by_torch), (ONE_STEP_SIZE, SCHEDULE)
    with np.errstate(all="ignore"):  # a fault may lead to infinity, which is as far from the path as any
        return any(judge(rule, factors) for judge in judges for factors in paces)


def rules_of(module):
    """The rules of a module, those in its tuples too."""
    values = [value for each in vars(module).values() for value in (each if isinstance(each, tuple) else (each,))]
    return {value.name: value for value in values if isinstance(value, Rule)}


@pytest.mark.parametrize("name", RULES)
def test_the_true_rules_are_not_caught(name):
    assert not caught(RULES[name])


def test_every_rule_has_a_fault_planted_in_it():
    assert {name for _, name, *_ in MUTANTS} == {*RULES}


@pytest.mark.parametrize(("module", "name", "old", "new", "occurrence"), MUTANTS)
def test_a_planted_fault_is_caught(module, name, old, new, occurrence, tmp_path):
    rule = rules_of(planted(module, old, new, occurrence, tmp_path))[name]
    assert rule.formula.__code__.co_filename.endswith("mutant.py")
    assert caught(rule)


@pytest.mark.parametrize(
    ("old", "new"),
    [("scale * g", "g"), ("scale * g", "g / scale"), ("+ l2 * p", "- l2 * p"), ("+ l2 * p", "+ scale * l2 * p")],
)
def test_a_fault_planted_in_the_gradients_preparation_is_caught(old, new, tmp_path, monkeypatch):
    def path():
        return paths.reference_path(
            RULES["sgd"], paths.start(), paths.gradients(5), paths.CONSTANTS["sgd"], l2=0.1, scale=-0.5
        )

    p = torch.nn.Parameter(torch.from_numpy(paths.start()))
    constants = paths.CONSTANTS["sgd"]
    for g in paths.gradients(5):
        theirs = -0.5 * torch.from_numpy(g) + 0.1 * p.detach()
        p.data = p.data * (1 - constants["step_size"] * constants["decay"]) - constants["step_size"] * theirs
    np.testing.assert_allclose(path()[-1], p.detach().numpy(), rtol=1e-12)
    mutant = planted(surefoot.rules.gradient, old, new, 0, tmp_path)
    monkeypatch.setattr(reference, "prepared", mutant.prepared)
    assert not np.allclose(path()[-1], p.detach().numpy(), rtol=1e-10)
