"""A trial: the same forward with float16 and bfloat16 computed as float32."""

from typing import Any, final

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from surefoot.training.examine.call import Call

HALVES = (torch.float16, torch.bfloat16)


@final
class Float32(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Computes in float32 what asks for float16 or bfloat16, autocast included.

    >>> x = torch.full((1,), 300.0, dtype=torch.float16)
    >>> with Float32():
    ...     y = x * x
    >>> y
    tensor([90000.])
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Torch would import its compiler, which takes seconds, to be told to leave this alone."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do the operation on float32 copies of what is narrower."""
        call = Call(func, args, kwargs or {})
        written = {id(tensor) for tensor in call.written}

        def wide(leaf: Any) -> Any:
            if isinstance(leaf, Tensor) and leaf.dtype in HALVES and id(leaf) not in written:
                return leaf.float()
            return torch.float32 if isinstance(leaf, torch.dtype) and leaf in HALVES else leaf

        args, kwargs = tree_map(wide, (args, call.kwargs))
        return func(*args, **kwargs)
