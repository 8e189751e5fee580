"""Each rule written again from its paper or its library, in float64 numpy and not through `surefoot.rules`.

Every oracle takes the first parameter, the gradients in order, the peak step size, the other constants and what share of
the peak each step uses (all of it if None), and returns the parameter after each gradient.
"""

from functools import partial, wraps

import numpy as np


def paced(gradients, factors):
    """The number of each step, its gradient and its factor."""
    factors = [1.0] * len(gradients) if factors is None else factors
    return [(t, g, factor) for t, (g, factor) in enumerate(zip(gradients, factors, strict=True), start=1)]


def along(directions):
    """Make an oracle of what a rule steps against: the step size stays outside, and the decay is a share of it."""

    @wraps(directions)
    def oracle(theta, gradients, *, step_size, decay=0.0, factors=None, **constants):
        path = []
        for _, u, factor in paced(list(directions(gradients, **constants)), factors):
            theta = theta - step_size * factor * (u + decay * theta)
            path.append(theta)
        return path

    return oracle


@along
def sgd(gradients):
    return gradients


@along
def momentum(gradients, *, momentum, dampening=0.0, nesterov=False):
    velocity = None
    for g in gradients:
        velocity = g if velocity is None else momentum * velocity + (1 - dampening) * g
        yield g + momentum * velocity if nesterov else velocity


nesterov = partial(momentum, nesterov=True)


@along
def momentum_mean(gradients, *, momentum):
    mean = 0.0
    for t, g in enumerate(gradients, start=1):
        mean = momentum * mean + (1 - momentum) * g
        yield mean / (1 - momentum**t)


def momentum_keras(theta, gradients, *, step_size, momentum, decay, factors=None, nesterov=False):
    path, velocity = [], 0.0
    for _, g, factor in paced(gradients, factors):
        rate = step_size * factor
        velocity = momentum * velocity - rate * g
        theta = theta * (1 - rate * decay)
        theta = theta + momentum * velocity - rate * g if nesterov else theta + velocity
        path.append(theta)
    return path


nesterov_keras = partial(momentum_keras, nesterov=True)


@along
def rmsprop(gradients, *, alpha, eps, momentum=0.0, centered=False):
    mean_square, mean, buffer = 0.0, 0.0, 0.0
    for g in gradients:
        mean_square = alpha * mean_square + (1 - alpha) * g**2
        mean = alpha * mean + (1 - alpha) * g
        variance = np.maximum(mean_square - mean**2, 0) if centered else mean_square
        buffer = momentum * buffer + g / (np.sqrt(variance) + eps)
        yield buffer


rmsprop_momentum = rmsprop
rmsprop_centered = rmsprop_centered_momentum = partial(rmsprop, centered=True)


def rmsprop_keras(
    theta, gradients, *, step_size, alpha, eps, decay, momentum=0.0, centered=False, initial=0.0, factors=None
):
    path, mean_square, mean, buffer = [], initial, 0.0, 0.0
    for _, g, factor in paced(gradients, factors):
        mean_square = alpha * mean_square + (1 - alpha) * g**2
        mean = alpha * mean + (1 - alpha) * g
        variance = np.maximum(mean_square - mean**2, 0) if centered else mean_square
        buffer = momentum * buffer + step_size * factor * g / np.sqrt(variance + eps)
        theta = theta * (1 - step_size * factor * decay) - buffer
        path.append(theta)
    return path


rmsprop_momentum_keras = rmsprop_optax = rmsprop_momentum_optax = rmsprop_keras
rmsprop_centered_keras = rmsprop_centered_momentum_keras = partial(rmsprop_keras, centered=True)
rmsprop_centered_optax = rmsprop_centered_momentum_optax = rmsprop_centered_keras
rmsprop_tf1 = rmsprop_momentum_tf1 = partial(rmsprop_keras, initial=1.0)
rmsprop_centered_tf1 = rmsprop_centered_momentum_tf1 = partial(rmsprop_keras, centered=True, initial=1.0)


@along
def adagrad(gradients, *, start, eps, step_decay):
    """The decay does not slow down: torch's `lr_decay` belongs to the gradient's step."""
    total = start
    for t, g in enumerate(gradients, start=1):
        total = total + g**2
        yield g / (np.sqrt(total) + eps) / (1 + (t - 1) * step_decay)


@along
def adagrad_keras(gradients, *, start, eps):
    total = start
    for g in gradients:
        total = total + g**2
        yield g / np.sqrt(total + eps)


@along
def adadelta(gradients, *, rho, eps):
    mean_square, mean_square_move = 0.0, 0.0
    for g in gradients:
        mean_square = rho * mean_square + (1 - rho) * g**2
        move = np.sqrt(mean_square_move + eps) / np.sqrt(mean_square + eps) * g
        mean_square_move = rho * mean_square_move + (1 - rho) * move**2
        yield move


adadelta_keras = adadelta


def adam_directions(gradients, *, beta1, beta2, eps, amsgrad=False):
    m, v, largest = 0.0, 0.0, 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        largest = np.maximum(largest, v)
        m_hat = m / (1 - beta1**t)
        v_hat = (largest if amsgrad else v) / (1 - beta2**t)
        yield m_hat / (np.sqrt(v_hat) + eps)


adam = adamw = along(adam_directions)
amsgrad = amsgradw = partial(adam, amsgrad=True)


@along
def adam_keras(gradients, *, beta1, beta2, eps, amsgrad=False):
    """Kingma & Ba's efficient order (end of section 2): the corrections are in the step size, eps is uncorrected."""
    m, v, largest = 0.0, 0.0, 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        largest = np.maximum(largest, v)
        alpha = np.sqrt(1 - beta2**t) / (1 - beta1**t)
        yield alpha * m / (np.sqrt(largest if amsgrad else v) + eps)


adamw_keras = adam_keras
amsgrad_keras = partial(adam_keras, amsgrad=True)


@along
def amsgrad_optax(gradients, *, beta1, beta2, eps):
    m, v, largest_hat = 0.0, 0.0, 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        largest_hat = np.maximum(largest_hat, v / (1 - beta2**t))
        yield m / (1 - beta1**t) / (np.sqrt(largest_hat) + eps)


def adamw_paper(theta, gradients, *, step_size, decay, factors=None, **constants):
    """Loshchilov & Hutter, Algorithm 2: eta_t is the schedule, alpha the step size; the decay knows eta_t alone."""
    path = []
    for _, u, factor in paced(list(adam_directions(gradients, **constants)), factors):
        theta = theta - factor * (step_size * u + decay * theta)
        path.append(theta)
    return path


def adamw_corrected(theta, gradients, *, step_size, decay, factors=None, **constants):
    """Defazio's AdamC: decay_t = decay * step size_t / peak, and then as AdamW."""
    path = []
    for _, u, factor in paced(list(adam_directions(gradients, **constants)), factors):
        theta = theta - step_size * factor * u - step_size * factor * (decay * factor) * theta
        path.append(theta)
    return path


def adamw_cautious(theta, gradients, *, step_size, decay, factors=None, **constants):
    path = []
    for _, u, factor in paced(list(adam_directions(gradients, **constants)), factors):
        agree = (u * theta >= 0).astype(float)
        theta = theta - step_size * factor * (u + decay * agree * theta)
        path.append(theta)
    return path


@along
def adamax(gradients, *, beta1, beta2, eps):
    m, norm = 0.0, 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        norm = np.maximum(beta2 * norm, np.abs(g) + eps)
        yield m / (1 - beta1**t) / norm


@along
def adamax_keras(gradients, *, beta1, beta2, eps):
    m, norm = 0.0, 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        norm = np.maximum(beta2 * norm, np.abs(g))
        yield m / ((1 - beta1**t) * (norm + eps))


@along
def nadam(gradients, *, beta1, beta2, eps, momentum_decay):
    m, v, product = 0.0, 0.0, 1.0
    for t, g in enumerate(gradients, start=1):
        mu = beta1 * (1 - 0.96 ** (t * momentum_decay) / 2)
        mu_next = beta1 * (1 - 0.96 ** ((t + 1) * momentum_decay) / 2)
        product = product * mu
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
        yield m_hat / (np.sqrt(v / (1 - beta2**t)) + eps)


nadam_keras = nadam


@along
def nadamw(gradients, *, beta1, beta2, eps):
    m, v = 0.0, 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = beta1 * (m / (1 - beta1 ** (t + 1))) + (1 - beta1) * (g / (1 - beta1**t))
        yield m_hat / (np.sqrt(v / (1 - beta2**t)) + eps)


@along
def nadamw_algoperf(gradients, *, beta1, beta2, eps):
    """The mean is updated a second time with the same gradient, used, and put back (AlgoPerf's PyTorch baseline)."""
    m, v = 0.0, 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        twice = beta1 * m + (1 - beta1) * g
        yield twice / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)


@along
def radam(gradients, *, beta1, beta2, eps, waiting=False, eps_after=False):
    m, v, rho_most = 0.0, 0.0, 2 / (1 - beta2) - 1
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, unbias = m / (1 - beta1**t), 1 - beta2**t
        rho = rho_most - 2 * t * beta2**t / unbias
        if rho > 5:
            r = np.sqrt((rho - 4) * (rho - 2) * rho_most / ((rho_most - 4) * (rho_most - 2) * rho))
            root = np.sqrt(v / unbias) + eps if eps_after else (np.sqrt(v) + eps) / np.sqrt(unbias)
            yield r * m_hat / root
        else:
            yield 0 * m_hat if waiting else m_hat


radam_optax = partial(radam, eps_after=True)
radam_waiting = partial(radam, waiting=True)


@along
def lion(gradients, *, beta1, beta2):
    m = 0.0
    for g in gradients:
        yield np.sign(beta1 * m + (1 - beta1) * g)
        m = beta2 * m + (1 - beta2) * g


def rprop(theta, gradients, *, step_size, shrink, grow, least, most, decay, factors=None):
    """As torch does it: the lengths are of the peak, and the schedule scales what is stepped of them."""
    path, previous, length = [], np.zeros_like(theta), np.full_like(theta, step_size)
    for _, g, factor in paced(gradients, factors):
        turn = np.sign(g * previous)
        length = np.clip(length * np.select([turn > 0, turn < 0], [grow, shrink], 1.0), least, most)
        previous = np.where(turn < 0, 0.0, g)
        theta = theta - step_size * factor * decay * theta - factor * length * np.sign(previous)
        path.append(theta)
    return path


def asgd(theta, gradients, *, step_size, pull, slowness, averaged_from, decay, factors=None, averages=False):
    """As torch does it: eta and mu are of the step before. With `averages` the path is that of `ax`."""
    path, eta, mu, average = [], step_size, 1.0, np.zeros_like(theta)
    for t, g, factor in paced(gradients, factors):
        theta = theta * (1 - step_size * factor * decay)
        theta = theta * (1 - pull * eta * factor) - eta * factor * g
        average = average + mu * (theta - average) if mu != 1 else theta
        eta, mu = step_size / (1 + pull * step_size * t) ** slowness, 1 / max(1, t - averaged_from)
        path.append(average if averages else theta)
    return path
