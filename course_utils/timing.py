"""How long a call takes on this machine: the cost that a lesson prints beside a score.

One number in a lesson tells an order of magnitude, no more. What the course claims about speed is
measured side by side under ``benchmarks``.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any


def milliseconds(function: Callable[..., Any], *arguments: Any, repeats: int = 5) -> float:
    """Median time of a call, after one that is not counted.

    The first call loads code and fills caches, so it is left out; the median forgives the moments
    when the machine was busy with something else.

    Parameters
    ----------
    function : callable
    *arguments
        Given to it unchanged.
    repeats : int, at least 1
        Calls that are timed.

    Returns
    -------
    float
        Milliseconds.

    Raises
    ------
    ValueError
        If `repeats` is below 1.

    Examples
    --------
    >>> milliseconds(time.sleep, 0.01, repeats=1) >= 10
    True
    """
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, got {repeats}. 5 give a steady median.")
    function(*arguments)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function(*arguments)
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds)
