"""Compiling loops over pixels with numba; imported late, by who runs them.

Each loop here does in one pass over memory what takes several passes with array
primitives. The machine code is kept beside this file, or in the user's cache folder.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function for NumPy arrays, without the GIL, cached where possible."""
    compile_for_arrays: Any = partial(numba.njit, nogil=True, error_model="numpy")
    try:
        return compile_for_arrays(cache=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        # No folder to cache in (a read-only installation without a home): compile
        # anew in each process.
        return compile_for_arrays()(function)  # type: ignore[no-any-return]
