"""Calling an answer: the one place where a check runs a student's code.

An answer gets copies of its arguments, is stopped when it does not end, and whatever it prints,
warns or raises is caught. Whoever runs answers elsewhere (in another process, say) hands `check` a
callable that stands for the answer; nothing else about an answer is ever looked at.
"""

import _thread
import contextlib
import copy
import io
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

TIME_LIMIT = 5.0  # seconds for all calls of one check; they take milliseconds


@dataclass(frozen=True)
class Outcome:
    """What one call of an answer gave: a value or an error, and its side effects."""

    value: Any = None
    error: BaseException | None = None
    printed: str = ""
    changes_input: bool = False


def call_answer(answer: Callable[..., Any], arguments: tuple[Any, ...]) -> Outcome:
    """Call an answer on copies of the arguments and catch all it does.

    Parameters
    ----------
    answer : callable
        A student's function, a mistake, or what stands for one.
    arguments : tuple
        Arrays, numbers, and lists of these. They are not changed.

    Returns
    -------
    Outcome

    Examples
    --------
    >>> call_answer(lambda table: 1 / table.sum(), (np.ones((2, 2)),)).value
    np.float64(0.25)
    >>> call_answer(lambda table: 1 / 0, (np.ones((2, 2)),)).error
    ZeroDivisionError('division by zero')
    """
    given = copy.deepcopy(arguments)
    printed = io.StringIO()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        try:
            value = answer(*given)
        except (Exception, SystemExit) as error:
            return Outcome(error=error, printed=printed.getvalue())
    return Outcome(value, None, printed.getvalue(), not _equal(given, arguments))


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop the block with a TimeoutError when it runs longer than so many seconds.

    Works on every system, by the same interruption as the Stop button's. It cannot stop a long
    call inside compiled code, nor code that catches every exception, and does nothing outside the
    main thread.

    Parameters
    ----------
    seconds : float

    Raises
    ------
    TimeoutError
        Inside the block.

    Examples
    --------
    >>> with time_limit(0.01):
    ...     while True:
    ...         pass
    Traceback (most recent call last):
        ...
    TimeoutError: not finished after 0.01 seconds
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    lock, done, late = threading.Lock(), threading.Event(), threading.Event()

    def interrupt() -> None:
        with lock:
            if not done.is_set():
                late.set()
                _thread.interrupt_main()

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        try:
            yield
        finally:
            timer.cancel()
            with lock:
                done.set()
            if late.is_set():
                time.sleep(0.1)  # the interruption arrives here if it did not inside the block
    except KeyboardInterrupt:
        if not late.is_set():
            raise
        raise TimeoutError(f"not finished after {seconds:g} seconds") from None


def _equal(first: Any, second: Any) -> bool:
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(_equal, first, second))
    return np.array_equal(first, second)
