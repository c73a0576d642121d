"""Time several ways to the same answer, side by side in one run, and refuse when it is too noisy.

A machine is never equally fast for long. So the candidates take turns in a random order, a ratio is
taken within each round, and what is reported is the median over rounds with its spread.
"""

import contextlib
import importlib.metadata
import json
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

RESULTS = Path(__file__).parent / "results"
LARGEST_SPREAD = 0.25
LARGEST_SHARE = 0.25
ATTEMPTS, PAUSE = 10, 10  # how often to look for a quiet moment, and seconds between


class TooNoisyError(RuntimeError):
    """The rounds differ too much for their median to mean anything."""


def time_side_by_side(
    candidates: dict[str, Callable[[], Any]],
    *,
    rounds: int = 25,
    seed: int = 0,
    largest_spread: float = LARGEST_SPREAD,
    warm: bool = False,
) -> dict[str, dict[str, Any]]:
    """Time every candidate once per round, in random order; the first one is ours.

    Parameters
    ----------
    candidates : dict
        Functions without arguments, by name.
    rounds, seed : int
        How many rounds, and the seed of their order.
    largest_spread : float
        What a spread may be. Only who judges the spreads otherwise gives another.
    warm : bool
        Call each candidate once more, untimed, before its turn: the one before has left the caches
        full of its own, which a candidate of a millisecond would be timed for.

    Returns
    -------
    dict
        Per candidate: "milliseconds" (median), "spread" (interquartile range over the median), and
        "times_ours" (median and quartiles of its time over ours, round by round).

    Raises
    ------
    TooNoisyError
        If a spread is above `largest_spread`.
    """
    order = list(candidates)
    shuffle = random.Random(seed).shuffle
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for call in candidates.values():
        call()  # first calls load code and allocate
    for _ in range(rounds):
        shuffle(order)
        for name in order:
            if warm:
                candidates[name]()
            start = time.perf_counter()
            candidates[name]()
            seconds[name].append(time.perf_counter() - start)

    ours = np.array(seconds[next(iter(candidates))])
    timings = {}
    for name, values in seconds.items():
        low, median, high = np.percentile(values, [25, 50, 75])
        ratios = np.percentile(np.array(values) / ours, [25, 50, 75])
        timings[name] = {
            "milliseconds": round(1e3 * median, 2),
            "spread": round((high - low) / median, 3),
            "times_ours": {
                key: round(ratio, 2)
                for key, ratio in zip(("lower", "median", "upper"), ratios, strict=True)
            },
        }
    noisy = {name: t["spread"] for name, t in timings.items() if t["spread"] > largest_spread}
    if noisy:
        worst = max(noisy, key=lambda name: noisy[name])
        raise TooNoisyError(
            f"the spread must be at most {largest_spread:.0%}, got {noisy[worst]:.0%} for {worst}. "
            "Close other programs and run again; nothing was written."
        )
    return timings


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Refuse what was measured inside if other programs were busy meanwhile.

    A steady load elsewhere makes no spread, but it slows a candidate with a thread on every core
    far more than one with a single thread. Where the system does not tell (no /proc), and where
    others have to wait for this program (`chrt -f 5 python ...` on Linux), all is well.

    Raises
    ------
    TooNoisyError
        If other programs used more than a quarter of the processor's time.
    """
    before, start = _busy_seconds(), os.times()
    yield
    stop, after = os.times(), _busy_seconds()
    own = sum(stop[:2]) - sum(start[:2])
    share = (after - before - own) / max(stop.elapsed - start.elapsed, 0.01) / (os.cpu_count() or 1)
    if share > LARGEST_SHARE and not _comes_first():
        raise TooNoisyError(
            f"other programs may use {LARGEST_SHARE:.0%} of the processor's time, but used "
            f"{share:.0%}. Close them and run again; nothing was written."
        )


def patiently(measure: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Call a function that measures, and again a few times while the machine is too noisy."""
    for attempts_left in reversed(range(ATTEMPTS)):
        try:
            with alone():
                return measure(*arguments, **options)
        except TooNoisyError as error:
            if not attempts_left:
                raise
            print(f"Trying again: {error}")
            time.sleep(PAUSE)
    raise AssertionError("unreachable")


def _comes_first() -> bool:
    """Whether this program has the processor whenever it wants, by real-time scheduling."""
    return hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) == os.SCHED_FIFO


def _busy_seconds() -> float:
    """Seconds of work of all programs on all cores since the machine started, 0 if unknown."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system = stat.read_text().split()[1:4]
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


def machine(*packages: str) -> dict[str, Any]:
    """Describe this machine: processor, cores, and the versions of Python and of the packages."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].partition(": ")[2] if names else processor
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in packages},
    }


def print_timings(title: str, timings: dict[str, dict[str, Any]]) -> None:
    """Print one line per candidate: time, spread, and how many times ours it takes."""
    print(title)
    for name, timing in timings.items():
        ratio = timing["times_ours"]
        print(
            f"  {name:32} {timing['milliseconds']:9.2f} ms, spread {timing['spread']:4.0%}, "
            f"{ratio['median']:6.2f} x ours ({ratio['lower']:.2f} to {ratio['upper']:.2f})"
        )


def write_json(name: str, result: dict[str, Any]) -> None:
    """Write results/NAME.json."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(result, indent=1)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def write_results(name: str, question: str, result: dict[str, Any]) -> None:
    """Write results/NAME.json and its picture results/NAME.png.

    Parameters
    ----------
    name : str
        Name of the two files.
    question : str
        Title of the picture.
    result : dict
        "machine" from `machine`, "cases": timings from `time_side_by_side` by title of the case.
    """
    write_json(name, {"question": question, **result})
    cases = result["cases"]
    bars = sum(len(timings) for timings in cases.values())
    figure = Figure(
        figsize=(9, 1.2 + 0.8 * len(cases) + 0.36 * bars), dpi=110, layout="constrained"
    )
    figure.suptitle(question, fontsize=14)
    heights = [len(timings) for timings in cases.values()]
    all_axes = figure.subplots(
        len(cases), sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    for ax, (title, timings) in zip(all_axes[:, 0], cases.items(), strict=True):
        values = [timing["milliseconds"] for timing in timings.values()]
        ours = next(iter(timings)).partition(",")[0]
        colours = ["#1155aa" if name.startswith(ours) else "#b0b0b0" for name in timings]
        drawn = ax.barh(list(timings), values, color=colours)
        labels = [
            f"{timing['milliseconds']:.3g} ms"
            + (f"  ({timing['times_ours']['median']:.1f} x ours)" if number else "")
            for number, timing in enumerate(timings.values())
        ]
        ax.bar_label(drawn, labels, padding=4, fontsize=11)
        ax.set_title(title, loc="left", fontsize=12)
        ax.tick_params(labelsize=11)
        ax.invert_yaxis()
        ax.spines[["top", "right"]].set_visible(False)
        ax.margins(x=0.35)
    all_axes[-1, 0].set_xlabel(
        f"median milliseconds, smaller is better. {result['machine']['processor']}, "
        f"{result['machine']['cores']} cores",
        fontsize=11,
    )
    figure.savefig(RESULTS / f"{name}.png")


def run(main: Callable[[], None]) -> None:
    """Run a benchmark's main function; a noisy machine becomes one line and exit code 1."""
    try:
        main()
    except TooNoisyError as error:
        sys.exit(f"Too noisy: {error}")
