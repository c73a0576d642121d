"""Learning rate over a training run: up at the start, then down to nothing.

A step's rate depends on its number alone, so a run that is taken up again needs no memory of it.
"""

import math

SCHEDULES = ("poly", "cosine", "constant")
POWER = 0.9
"""Exponent of "poly", as DeepLab has it: nearly a straight line."""


def learning_rate(
    step: int, steps: int, *, highest: float, schedule: str = "poly", warmup: float = 0.0
) -> float:
    """Learning rate of one step.

    Parameters
    ----------
    step : int
        Number of the step, from 0.
    steps : int
        Steps of the whole run.
    highest : float
        Rate after the warm-up.
    schedule : {"poly", "cosine", "constant"}
        How it falls: as (1 - t)^0.9, as half a cosine, or not at all; t is the share of the steps
        after the warm-up that is done.
    warmup : float in [0, 1)
        Share of the steps in which it rises in a straight line: large first steps, on weights that
        are still random, may never be mended.

    Returns
    -------
    float
        Above 0.

    Raises
    ------
    ValueError
        If the step is not one of the run, there is no such schedule, or warmup is not in [0, 1).

    References
    ----------
    Chen et al., DeepLab, 2016, section 4.1 (poly), https://arxiv.org/abs/1606.00915;
    Loshchilov and Hutter, SGDR, 2016 (cosine), https://arxiv.org/abs/1608.03983

    Examples
    --------
    >>> how = {"highest": 1.0, "schedule": "cosine", "warmup": 0.25}
    >>> [round(learning_rate(step, 8, **how), 2) for step in range(8)]
    [0.5, 1.0, 1.0, 0.93, 0.75, 0.5, 0.25, 0.07]
    """
    if not 0 <= step < steps:
        raise ValueError(f"step must be 0 to {steps - 1}, got {step}. Steps are counted from 0.")
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}, got {schedule!r}.")
    if not 0 <= warmup < 1:
        raise ValueError(f"warmup must be a share of the steps in [0, 1), got {warmup}.")
    rising = min(round(warmup * steps), steps - 1)
    if step < rising:
        return highest * (step + 1) / rising
    done = (step - rising) / (steps - rising)
    if schedule == "poly":
        return highest * (1 - done) ** POWER
    return highest * (1 + math.cos(math.pi * done)) / 2 if schedule == "cosine" else highest
