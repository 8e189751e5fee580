"""What a kernel needs and numba lacks: arrays from addresses, a shared counter, select and sign without branches."""

from typing import Any

from llvmlite import ir
from numba import carray, types
from numba.extending import intrinsic, register_jitable

# numba hands an intrinsic more than each of these needs.
# ruff: noqa: ARG001


@intrinsic
def _pointer(typing_context: Any, address: Any, kind: Any) -> Any:
    """Return an integer address as a pointer to elements of a kind."""
    signature = types.CPointer(kind.dtype)(address, kind)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return signature, generate


@register_jitable
def array(address: Any, size: Any, kind: Any) -> Any:
    """Return the memory at an address as a one-dimensional array."""
    return carray(_pointer(address, kind), (size,))


@intrinsic
def take(typing_context: Any, arguments: Any) -> Any:
    """Return the counter in `arguments[0]` and add one to it, as one atomic operation."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        counter = values[0]
        return builder.atomic_rmw("add", counter, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(arguments), generate


@register_jitable
def select(condition: Any, first: Any, second: Any) -> Any:
    """Return one of two values; compiles to a select, so a loop of it still becomes vector code."""
    return first if condition else second


@register_jitable
def sign(value: Any) -> Any:
    """Return 1, -1, or 0 for zeros and, as torch has it, for NaN; numpy's own branches, which vector code cannot."""
    return select(value > 0, type(value)(1), select(value < 0, type(value)(-1), type(value)(0)))
