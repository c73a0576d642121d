"""A slider whose handle has a name: the browser's own range input, with its label and value.

The sliders of ipywidgets have a handle that a screen reader cannot name. The browser's own input
has a label, takes arrow keys, Home, End and the page keys, and speaks its value with its unit.
"""

from numbers import Integral
from typing import Any

import anywidget
import traitlets

from course_utils.widgets.browser import KEEP_KEYS, LOOK

_BROWSER = """
function render({ model, el }) {
  const id = newId();
  const root = make("div", el, { className: "course-widget course-slider" });
  make("label", root, { textContent: model.get("label"), htmlFor: id });
  const input = make("input", root, { type: "range", id });
  const shown = make("output", root, {}, { for: id, "aria-live": "off" });  // the input speaks
  const limits = () => {                                  // limits first: they clip the value
    for (const [key, trait] of [["min", "minimum"], ["max", "maximum"], ["step", "step"]])
      input[key] = model.get(trait);
    write();
  };
  const write = () => { input.valueAsNumber = model.get("value"); show(); };
  const show = () => {
    const text = input.valueAsNumber.toFixed(model.get("decimals"));
    shown.textContent = [text, model.get("unit")].join(" ").trim();
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => {
    show();
    model.set("value", input.valueAsNumber);
    model.save_changes();
  });
  keepKeys(root);
  limits();
  model.on("change:value", write);
  for (const trait of ["minimum", "maximum", "step", "unit"]) model.on("change:" + trait, limits);
}
export default { render };
"""

_STYLE = """
.course-slider { display: flex; align-items: center; gap: 10px; min-height: 32px; }
.course-slider input { width: 220px; accent-color: var(--jp-brand-color1, #1976d2); margin: 0; }
.course-slider output { min-width: 6ch; font-variant-numeric: tabular-nums; white-space: nowrap; }
"""


class Slider(anywidget.AnyWidget):
    """A slider with a visible label, a visible value, and a name that a screen reader speaks.

    Parameters
    ----------
    label : str
        Its visible label and accessible name.
    minimum, maximum : int or float
        Its range.
    step : int or float
        Distance of neighbouring values. Whole limits and a whole step give whole values.
    value : int or float, optional
        Where it starts; `minimum` by default.
    unit : str
        Shown and spoken behind the value.

    Attributes
    ----------
    value : int or float
        The current value; `observe` it, or set it to move the slider.

    Raises
    ------
    ValueError
        If the range is empty, the step is not positive, the value lies outside, or the label is
        empty.

    Examples
    --------
    >>> slider = Slider("Shift", 0, 16, unit="px")
    >>> slider.value = 8
    >>> slider.value
    8
    """

    _esm = KEEP_KEYS + _BROWSER
    _css = LOOK + _STYLE
    label = traitlets.Unicode().tag(sync=True)
    unit = traitlets.Unicode().tag(sync=True)
    minimum = traitlets.Float().tag(sync=True)
    maximum = traitlets.Float().tag(sync=True)
    step = traitlets.Float().tag(sync=True)
    decimals = traitlets.Int().tag(sync=True)
    value = traitlets.Any().tag(sync=True, echo_update=False)

    def __init__(
        self,
        label: str,
        minimum: float,
        maximum: float,
        step: float = 1,
        value: float | None = None,
        *,
        unit: str = "",
    ) -> None:
        value = minimum if value is None else value
        _require_sensible(label, minimum, maximum, step, value)
        self._whole = all(isinstance(number, Integral) for number in (minimum, maximum, step))
        super().__init__(
            label=label,
            unit=unit,
            minimum=float(minimum),
            maximum=float(maximum),
            step=float(step),
            decimals=_decimals(step),
            value=value,
        )

    @traitlets.validate("value")
    def _within_limits(self, proposal: Any) -> float:
        value = min(max(float(proposal.value), self.minimum), self.maximum)
        return round(value) if self._whole else value


def _decimals(step: float) -> int:
    """Digits behind the point that tell neighbouring values apart."""
    text = f"{float(step):.10f}".rstrip("0")
    return len(text) - text.index(".") - 1


def _require_sensible(
    label: str, minimum: float, maximum: float, step: float, value: float
) -> None:
    if not label.strip():
        raise ValueError("A slider needs a label, got an empty one. Name what it moves.")
    if not minimum < maximum:
        raise ValueError(
            f"A slider's minimum must be below its maximum, got {minimum} and {maximum}. "
            "Give the smaller number first."
        )
    if not step > 0:
        raise ValueError(f"A slider's step must be positive, got {step}. Give the distance.")
    if not minimum <= value <= maximum:
        raise ValueError(
            f"A slider's value must lie in [{minimum}, {maximum}], got {value}. "
            "Change the value or the limits."
        )
