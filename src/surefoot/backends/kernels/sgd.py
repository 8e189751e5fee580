"""The formula sgd in one pass over memory.

Written by `python -m surefoot.backends.emit`; do not edit.
"""

import numpy as np

from surefoot.backends.intrinsics import array, select, sign, take


def step_float32(arguments):
    count = arguments[1]
    blocks = array(arguments[2], 3 * count, np.int64)
    tensors = arguments[7]
    addresses = array(arguments[3], 2 * tensors, np.int64)
    numbers = array(arguments[4], arguments[8], np.float64)
    sums = array(arguments[5], 5 * count, np.float64)
    chunk = arguments[9]
    block = end = 0
    while True:
        if block == end:
            block = take(arguments) * chunk
            end = min(block + chunk, count)
            if block >= count:
                return
        tensor = blocks[3 * block]
        start = blocks[3 * block + 1]
        size = blocks[3 * block + 2]
        row = tensor * arguments[6]
        p_ = array(addresses[0 * tensors + tensor] + start * 4, size, np.float32)
        g_ = array(addresses[1 * tensors + tensor] + start * 4, size, np.float32)
        scale = numbers[row + 0]
        l2 = numbers[row + 1]
        step_size = numbers[row + 2]
        decay = numbers[row + 3]
        k0 = np.float32(scale)
        k1 = np.float32(l2)
        k2 = np.float32(step_size * decay)
        k3 = np.float32(step_size)
        g_squared = np.float32(0.0)
        p_squared = np.float32(0.0)
        step_squared = np.float32(0.0)
        for i in range(size):
            p = p_[i]
            g = g_[i]
            old = p
            grad = g
            g = k0 * g + k1 * p
            p = p - k2 * p
            p = p - k3 * g
            p_[i] = p
            g_squared += grad * grad
            p_squared += p * p
            step_squared += (p - old) * (p - old)
        g_bad = 0
        p_bad = 0
        if not abs(g_squared + p_squared + step_squared) <= np.finfo(np.float32).max:
            # Something is not finite, or a square overflowed: count exactly, and sum again in float64.
            wide_g = 0.0
            wide_p = 0.0
            for i in range(size):
                grad = g_[i]
                p = p_[i]
                g_bad += not abs(grad) <= np.finfo(np.float32).max
                p_bad += not abs(p) <= np.finfo(np.float32).max
                wide_g += np.float64(grad) * np.float64(grad)
                wide_p += np.float64(p) * np.float64(p)
            sums[5 * block] = wide_g
            sums[5 * block + 1] = wide_p
        else:
            sums[5 * block] = g_squared
            sums[5 * block + 1] = p_squared
        sums[5 * block + 2] = step_squared
        sums[5 * block + 3] = g_bad
        sums[5 * block + 4] = p_bad
        block += 1


def step_float64(arguments):
    count = arguments[1]
    blocks = array(arguments[2], 3 * count, np.int64)
    tensors = arguments[7]
    addresses = array(arguments[3], 2 * tensors, np.int64)
    numbers = array(arguments[4], arguments[8], np.float64)
    sums = array(arguments[5], 5 * count, np.float64)
    chunk = arguments[9]
    block = end = 0
    while True:
        if block == end:
            block = take(arguments) * chunk
            end = min(block + chunk, count)
            if block >= count:
                return
        tensor = blocks[3 * block]
        start = blocks[3 * block + 1]
        size = blocks[3 * block + 2]
        row = tensor * arguments[6]
        p_ = array(addresses[0 * tensors + tensor] + start * 8, size, np.float64)
        g_ = array(addresses[1 * tensors + tensor] + start * 8, size, np.float64)
        scale = numbers[row + 0]
        l2 = numbers[row + 1]
        step_size = numbers[row + 2]
        decay = numbers[row + 3]
        k0 = np.float64(scale)
        k1 = np.float64(l2)
        k2 = np.float64(step_size * decay)
        k3 = np.float64(step_size)
        g_squared = np.float64(0.0)
        p_squared = np.float64(0.0)
        step_squared = np.float64(0.0)
        for i in range(size):
            p = p_[i]
            g = g_[i]
            old = p
            grad = g
            g = k0 * g + k1 * p
            p = p - k2 * p
            p = p - k3 * g
            p_[i] = p
            g_squared += grad * grad
            p_squared += p * p
            step_squared += (p - old) * (p - old)
        g_bad = 0
        p_bad = 0
        if not abs(g_squared + p_squared + step_squared) <= np.finfo(np.float64).max:
            # Something is not finite, or a square overflowed: count exactly, and sum again in float64.
            wide_g = 0.0
            wide_p = 0.0
            for i in range(size):
                grad = g_[i]
                p = p_[i]
                g_bad += not abs(grad) <= np.finfo(np.float64).max
                p_bad += not abs(p) <= np.finfo(np.float64).max
                wide_g += np.float64(grad) * np.float64(grad)
                wide_p += np.float64(p) * np.float64(p)
            sums[5 * block] = wide_g
            sums[5 * block + 1] = wide_p
        else:
            sums[5 * block] = g_squared
            sums[5 * block + 1] = p_squared
        sums[5 * block + 2] = step_squared
        sums[5 * block + 3] = g_bad
        sums[5 * block + 4] = p_bad
        block += 1
