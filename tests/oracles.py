"""Each rule written again from its paper, in float64 numpy and not through `surefoot.rules`; torch's flags where torch has them.

Every oracle takes the first parameter, the gradients in order and the constants, and returns the parameter after each.
"""

import numpy as np


def sgd(theta, gradients, *, step_size, decay=0.0):
    path = []
    for g in gradients:
        theta = theta - step_size * g - step_size * decay * theta
        path.append(theta)
    return path


def momentum(theta, gradients, *, step_size, momentum, dampening=0.0, decay=0.0, nesterov=False):
    path, velocity = [], None
    for g in gradients:
        velocity = g if velocity is None else momentum * velocity + (1 - dampening) * g
        direction = g + momentum * velocity if nesterov else velocity
        theta = theta - step_size * direction - step_size * decay * theta
        path.append(theta)
    return path


def nesterov(theta, gradients, **constants):
    return momentum(theta, gradients, nesterov=True, **constants)


def rmsprop(theta, gradients, *, step_size, alpha, eps, decay=0.0, momentum=0.0, centered=False):
    path, mean_square, mean, buffer = [], 0.0, 0.0, 0.0
    for g in gradients:
        mean_square = alpha * mean_square + (1 - alpha) * g**2
        mean = alpha * mean + (1 - alpha) * g
        variance = np.maximum(mean_square - mean**2, 0) if centered else mean_square
        buffer = momentum * buffer + g / (np.sqrt(variance) + eps)
        theta = theta * (1 - step_size * decay) - step_size * buffer
        path.append(theta)
    return path


def rmsprop_momentum(theta, gradients, **constants):
    return rmsprop(theta, gradients, **constants)


def rmsprop_centered(theta, gradients, **constants):
    return rmsprop(theta, gradients, centered=True, **constants)


def rmsprop_centered_momentum(theta, gradients, **constants):
    return rmsprop(theta, gradients, centered=True, **constants)


def adamw(theta, gradients, *, step_size, beta1, beta2, eps, decay, amsgrad=False):
    path, m, v, largest = [], 0.0, 0.0, 0.0
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        largest = np.maximum(largest, v)
        m_hat = m / (1 - beta1**t)
        v_hat = (largest if amsgrad else v) / (1 - beta2**t)
        theta = theta - step_size * (m_hat / (np.sqrt(v_hat) + eps) + decay * theta)
        path.append(theta)
    return path


def amsgradw(theta, gradients, **constants):
    return adamw(theta, gradients, amsgrad=True, **constants)
