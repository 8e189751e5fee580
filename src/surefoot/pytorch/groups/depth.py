"""Which layer each parameter lies in, found in how the model is put together.

The trunk is the stack of layers: an nn.Sequential or nn.ModuleList. What is registered before it is the layer below,
what comes after it the layer at the top. A child of the trunk without a matrix (a normalisation, a pooling) is part of
the layer before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from torch import nn

from surefoot.pytorch.groups.names import Named
from surefoot.pytorch.groups.patterns import nearest

BELOW, TOP = "below", "top"
SHARE = 0.25
"""The least part of a model that its trunk may be, unless it is named: less is some block's inner chain.

Counted in elements outside embeddings. Six layers of 384 under a head of 50,257 words still hold 0.36.
"""


@final
@dataclass(frozen=True, eq=False)
class Stacks:
    """A model's containers of layers: what is in them, by path.

    Args:
        tree: the model's modules by name.
        parameters: its parameters, frozen ones too: what is frozen today has its layer still.
    """

    tree: Mapping[str, nn.Module]
    parameters: Sequence[Named]

    def paths(self) -> list[str]:
        """Return the containers that hold a layer at least, outer ones before inner ones."""
        found = [path for path, module in self.tree.items() if isinstance(module, nn.Sequential | nn.ModuleList)]
        return [path for path in found if self.layers(path)]

    def layers(self, path: str) -> list[str]:
        """Return the children that hold a matrix, in order."""
        deep = (each.name for each in self.parameters if each.parameter.ndim >= 2 and inside(each.name, path))
        children = dict.fromkeys(child_of(name, path) for name in deep)
        return [child for child in children if child in self.tree]

    def kinds(self, path: str) -> list[type[nn.Module]]:
        """Return the types of those children."""
        return [type(self.tree[child]) for child in self.layers(path)]

    def repeats(self, path: str) -> bool:
        """Tell whether two of those children are of one type."""
        kinds = self.kinds(path)
        return len({*kinds}) < len(kinds)

    def size(self, *paths: str) -> int:
        """Return how many elements lie under some paths, embeddings apart."""
        tables = nn.Embedding | nn.EmbeddingBag
        counted = (each for each in self.parameters if not isinstance(each.places[0].module, tables))
        return sum(each.parameter.numel() for each in counted if any(inside(each.name, path) for path in paths))


def inside(name: str, path: str) -> bool:
    """Tell whether a name lies under a path; everything lies under the empty one."""
    return not path or name.startswith(f"{path}.")


def child_of(name: str, path: str) -> str:
    """Return the child of a path under which a name lies.

    >>> child_of("blocks.3.mlp.weight", "blocks"), child_of("3.mlp.weight", "")
    ('blocks.3', '3')
    """
    return ".".join(name.split(".")[: (path.count(".") + 2) if path else 1])


def trunk_of(stacks: Stacks, given: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the paths of the trunk's parts in order, and what is wrong."""
    if given:
        return tuple(given), [fault for path in given for fault in _named_faults(stacks, path)]
    paths = stacks.paths()
    if not paths:
        return (), [f"no trunk was found, as no nn.Sequential or nn.ModuleList holds a matrix; {_ADVICE}"]
    trunk = _with_beside(stacks, _deepest(stacks, paths))
    share = stacks.size(*trunk) / max(1, stacks.size(""))
    if share < SHARE or sum(len(stacks.layers(path)) for path in trunk) < 2:
        short = f"no trunk was found: the largest stack, {' and '.join(trunk) or 'the model itself'}, holds {share:.0%}"
        return trunk, [f"{short} of the elements; if it is the trunk after all, name it with trunk=, or else {_ADVICE}"]
    return trunk, []


_ADVICE = "give the factors as rules, as in (r'^encoder', {'relative': 0.5})"


def _named_faults(stacks: Stacks, path: str) -> list[str]:
    module = stacks.tree.get(path)
    if module is None:
        return [f"trunk {path!r} is no module of the model; the nearest are {', '.join(nearest(path, stacks.tree))}"]
    if not isinstance(module, nn.Sequential | nn.ModuleList):
        return [f"trunk {path!r} is of type {type(module).__name__}; it must be an nn.Sequential or nn.ModuleList"]
    return [] if stacks.layers(path) else [f"trunk {path!r} has no child with a matrix; name the stack of the layers"]


def _deepest(stacks: Stacks, paths: Sequence[str]) -> str:
    """Return the largest container, or the stack in it if it is a mere chain of stem, stack and head."""
    best = max(paths, key=stacks.size)  # the outermost of equals
    while not stacks.repeats(best):
        inner = [path for path in stacks.layers(best) if path in paths and 2 * stacks.size(path) >= stacks.size(best)]
        if not inner:
            break
        best = inner[0]
    return best


def _with_beside(stacks: Stacks, trunk: str) -> tuple[str, ...]:
    """Return a trunk with the chains beside it: the stages of a ResNet, the two halves of a VGG."""
    kinds = {*stacks.kinds(trunk)}

    def continues(path: str) -> bool:
        beside = bool(path) and path.rpartition(".")[0] == trunk.rpartition(".")[0]
        if not beside or not isinstance(stacks.tree[path], nn.Sequential):
            return False
        return len(stacks.layers(path)) > 1 or bool(kinds & {*stacks.kinds(path)})

    return tuple(path for path in stacks.paths() if path == trunk or (trunk and continues(path)))


def layers_of(stacks: Stacks, trunk: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the layers, the lowest first, and the layer of each parameter by its first name.

    >>> from surefoot.pytorch.groups.names import modules, named
    >>> model = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2), nn.Linear(2, 1, bias=False))
    >>> layers_of(Stacks(modules(model), named(model)), [""])
    (['0', '2'], {'0.weight': '0', '0.bias': '0', '1.weight': '0', '1.bias': '0', '2.weight': '2'})
    """
    layers = [layer for path in trunk for layer in stacks.layers(path)]
    names = [each.name for each in stacks.parameters]
    within = [next((path for path in trunk if inside(name, path)), None) for name in names]
    last = max(at for at, path in enumerate(within) if path is not None)
    here, lies = BELOW, {}
    for at, (name, path) in enumerate(zip(names, within, strict=True)):
        if path is not None:
            child = child_of(name, path)
            here = child if child in layers else layers[0] if here == BELOW else here
        lies[name] = TOP if at > last else here
    return [layer for layer in (BELOW, *layers, TOP) if layer in lies.values()], lies
