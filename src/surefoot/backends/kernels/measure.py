"""The sum of squared gradients.

Written by `python -m surefoot.backends.emit`; do not edit.
"""

import numpy as np

from surefoot.backends.intrinsics import array, take


def measure_float32(arguments):
    count = arguments[1]
    blocks = array(arguments[2], 3 * count, np.int64)
    tensors = arguments[7]
    addresses = array(arguments[3], 2 * tensors, np.int64)
    sums = array(arguments[5], 5 * count, np.float64)
    chunk = arguments[9]
    block = end = 0
    while True:
        if block == end:
            block = take(arguments) * chunk
            end = min(block + chunk, count)
            if block >= count:
                return
        size = blocks[3 * block + 2]
        g_ = array(addresses[tensors + blocks[3 * block]] + blocks[3 * block + 1] * 4, size, np.float32)
        g_squared = 0.0
        for i in range(size):
            grad = np.float64(g_[i])
            g_squared += grad * grad
        sums[5 * block] = g_squared
        block += 1


def measure_float64(arguments):
    count = arguments[1]
    blocks = array(arguments[2], 3 * count, np.int64)
    tensors = arguments[7]
    addresses = array(arguments[3], 2 * tensors, np.int64)
    sums = array(arguments[5], 5 * count, np.float64)
    chunk = arguments[9]
    block = end = 0
    while True:
        if block == end:
            block = take(arguments) * chunk
            end = min(block + chunk, count)
            if block >= count:
                return
        size = blocks[3 * block + 2]
        g_ = array(addresses[tensors + blocks[3 * block]] + blocks[3 * block + 1] * 8, size, np.float64)
        g_squared = 0.0
        for i in range(size):
            grad = np.float64(g_[i])
            g_squared += grad * grad
        sums[5 * block] = g_squared
        block += 1
