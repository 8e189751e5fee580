"""Which of a model's parameters are hidden matrices, found by how the model uses them.

Muon is for matrices whose input and output are both hidden: of an embedding only a few rows have a gradient, and the
last layer's rows are the outputs themselves, so both go to AdamW (Jordan et al. 2024), and so does what is no matrix.
"""

from collections.abc import Mapping, Sequence

from torch import nn

from surefoot.pytorch.groups.assignment import kind_of
from surefoot.pytorch.groups.names import Named, Place, modules, named

HIDDEN, LAST, EMBEDDING, OTHER = "hidden matrices", "last layer", "embeddings", "other"
_CONVOLUTIONS = nn.modules.conv._ConvNd
_TABLES = nn.Embedding | nn.EmbeddingBag


def roles(model: nn.Module) -> dict[str, str]:
    """Return the role of each parameter by its first name.

    - An embedding is what in any of its places (it may be tied) belongs to an nn.Embedding or nn.EmbeddingBag, and what
      has `emb` in its own name (`pos_embed`).
    - The last layer is the last module to be registered that holds a matrix. A head that is tied to an embedding stays
      an embedding. A model with embeddings whose last matrix lies in a stack of equal blocks has no last layer: its
      embedding is that too (`functional.linear(x, embedding.weight)`). A recurrent layer is never the last.
    - A hidden matrix is any other of two axes, or a convolution's kernel, seen as its first axis by all others. What
      has one row or column is a vector; a depthwise convolution has a vector for each channel. Other arrays of more
      than two axes do not say what is multiplied by what.

    >>> list(roles(nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 8, bias=False), nn.Linear(8, 9))).values())
    ['embeddings', 'hidden matrices', 'last layer', 'other']
    """
    parameters = named(model)
    embedded = {each.name for each in parameters if any(map(_embeds, each.places))}
    last = last_layer(model, parameters, embeds=bool(embedded))
    return {each.name: EMBEDDING if each.name in embedded else _role(each, last) for each in parameters}


def _role(each: Named, last: nn.Module | None) -> str:
    if not _is_matrix(each, each.places[0]):
        return OTHER
    if any(place.module is last for place in each.places):
        return LAST
    return HIDDEN if _can_be_orthogonal(each) else OTHER


def last_layer(model: nn.Module, parameters: Sequence[Named], *, embeds: bool) -> nn.Module | None:
    """Return the last module that holds a matrix, or None where an embedding takes its part, or the output is hidden.

    Args:
        model: the model.
        parameters: all of its parameters.
        embeds: whether it has embeddings.
    """
    order = {path: at for at, path in enumerate(modules(model))}
    found = [(place, each) for each in parameters for place in each.places if _is_matrix(each, place)]
    if not found:
        return None
    place = max((place for place, _ in found), key=lambda one: order[one.name.rpartition(".")[0]])
    shapes = {place.name: each.parameter.shape for place, each in found}
    hidden = isinstance(place.module, nn.RNNBase) or (embeds and _repeats(place.name, shapes))
    return None if hidden else place.module


def _repeats(name: str, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Tell whether a matrix lies in a block that stands beside others like it: `blocks.3.up.weight`, not `3.weight`.

    >>> _repeats("blocks.1.up.weight", {"blocks.0.up.weight": (4, 2), "blocks.1.up.weight": (4, 2)})
    True
    """
    parts = name.split(".")
    for at, part in enumerate(parts[:-2]):
        split = {other: other.split(".") for other in shapes if other != name}
        beside = [other for other, its in split.items() if its[:at] == parts[:at] and its[at + 1 :] == parts[at + 1 :]]
        if part.isdecimal() and any(shapes[other] == shapes[name] for other in beside):
            return True
    return False


def _embeds(place: Place) -> bool:
    return isinstance(place.module, _TABLES) or "emb" in place.name.rpartition(".")[2]


def _is_matrix(each: Named, place: Place) -> bool:
    return kind_of(each.parameter, place) == "matrices"


def _can_be_orthogonal(each: Named) -> bool:
    p, module = each.parameter, each.places[0].module
    if min(p.shape[0], p.shape[1:].numel()) <= 1:
        return False
    kernel = isinstance(module, _CONVOLUTIONS) and not (module.groups > 1 and p.shape[1] == 1)
    return kernel if p.ndim > 2 else True
