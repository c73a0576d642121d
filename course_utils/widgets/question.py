"""One question with its answer controls: the form that predictions and quizzes share.

It is made of the browser's own fieldset, radio buttons, check boxes and text field, so keys and
screen readers work as in any web form. It knows no right answers: marks come from the kernel, after
the answer.
"""

from collections.abc import Sequence

import anywidget
import traitlets

from course_utils.widgets.browser import KEEP_KEYS, LOOK

_BROWSER = r"""
// "0.5", "0,5", "1/2" and "50 %" (the unit is shown behind the field) are numbers.
function toNumber(text) {
  const parts = text.replace(",", ".").replace("%", "").split("/").map((part) => part.trim());
  if (parts.length > 2 || parts.some((part) => part === "")) return NaN;
  return parts.length === 2 ? Number(parts[0]) / Number(parts[1]) : Number(parts[0]);
}

function render({ model, el }) {
  const get = (name) => model.get(name), kind = get("kind");
  const root = make("div", el, { className: "course-widget course-question" });
  const field = make(kind === "text" ? "div" : "fieldset", root);
  const text = make(kind === "text" ? "div" : "legend", field, { className: "text", id: newId() });
  text.textContent = get("text");
  const inputs = [], reasons = [];
  const say = (line) => { verdict.textContent = line; };

  if (kind === "single" || kind === "multiple") {
    const name = newId(), type = kind === "single" ? "radio" : "checkbox";
    for (const option of get("options")) {
      const label = make("label", field, { className: "option" });
      const input = make("input", label, { type, name });
      make("span", label, { textContent: option });
      const reason = make("div", field, { className: "reason", id: newId() });
      input.setAttribute("aria-describedby", reason.id);
      input.onchange = () => answer();
      inputs.push(input); reasons.push(reason);
    }
  } else if (kind === "number") {
    const line = make("div", field, { className: "number" });
    const input = make("input", line, { type: "text", inputMode: "decimal", autocomplete: "off" });
    const unit = make("span", line, { textContent: get("unit"), id: newId() });
    input.setAttribute("aria-labelledby", text.id);
    input.setAttribute("aria-describedby", unit.id);
    input.onchange = () => answer();
    input.onkeydown = (event) => { if (event.key === "Enter" && get("button")) submit(); };
    inputs.push(input);
  }
  const button = get("button") && make("button", field, { textContent: get("button") });
  const verdict = make("div", field, { className: "verdict" }, { role: "status" });

  function readAnswer() {                          // undefined: not a number that can be meant
    if (kind !== "number") return inputs.flatMap((input, i) => (input.checked ? [i] : []));
    if (!inputs[0].value.trim()) return null;
    const number = toNumber(inputs[0].value), [low, high] = get("limits");
    const allowed = low === null || (number >= low && number <= high);
    if (Number.isFinite(number) && allowed) return number;
    const span = low === null ? "" : ` from ${low} to ${high}`;
    say(`Enter a number${span}, such as ${get("example")}.`);
  }
  function answer(submitting = 0) {
    const value = readAnswer();
    if (value === undefined) return;
    model.set("answer", value);
    model.set("submitted", get("submitted") + submitting);
    model.save_changes();
  }
  const submit = () => answer(1);
  if (button) button.onclick = submit;

  function showAnswer() {
    const value = get("answer");
    if (kind === "number") {
      if (value !== null && toNumber(inputs[0].value) !== value) inputs[0].value = value;
    } else inputs.forEach((input, i) => { input.checked = value.includes(i); });
  }
  function showMarks() {
    for (const [i, reason] of reasons.entries()) {
      const mark = get("marks").find(({ index }) => index === i);
      const sign = mark?.right ? "\u2713 Right. " : "\u2717 Not this. ";
      reason.textContent = mark ? sign + mark.text : "";
      reason.className = "reason " + (mark ? (mark.right ? "right" : "wrong") : "");
    }
    say(get("verdict"));
  }
  showAnswer(); showMarks();
  model.on("change:answer", showAnswer);
  model.on("change:marks change:verdict", showMarks);
  keepKeys(root);
}
export default { render };
"""

_STYLE = """
.course-question { font-size: var(--jp-content-font-size1, 14px); max-width: 46em; }
.course-question fieldset { border: 0; margin: 0 4px; padding: 0; min-width: 0; }
.course-question .text { font-weight: 600; padding: 0; margin: 4px 0; white-space: pre-line; }
.course-question div.text { margin: 0 4px 4px; }
.course-question .option { display: flex; align-items: center; gap: 8px; padding: 2px 0;
  cursor: pointer; }
.course-question input { accent-color: var(--jp-brand-color1, #1976d2); margin: 0; }
.course-question .number { display: flex; align-items: center; gap: 8px; margin: 4px 0; }
.course-question input[type=text] { font: inherit; width: 9em; padding: 4px 8px; border-radius: 3px;
  border: 1px solid var(--jp-border-color0, #888); color: var(--jp-ui-font-color1, #222);
  background: var(--jp-layout-color1, #fff); }
.course-question .reason { margin: 0 0 4px 8px; padding-left: 14px;
  border-left: 3px solid transparent; }
.course-question .reason.right { border-color: var(--jp-success-color1, #2e7d32); }
.course-question .reason.wrong { border-color: var(--jp-error-color1, #c62828); }
.course-question button { margin: 6px 0 0; }
.course-question .verdict { min-height: 1.5em; margin: 4px 0 10px; }
.course-question button ~ .verdict { min-height: 0; margin: 4px 0 0; }
.course-question div.text ~ .verdict { min-height: 0; margin: 0 4px; }
"""

KINDS = ("single", "multiple", "number", "text")
_FRACTION = "0.5 or 1/2"


class Question(anywidget.AnyWidget):
    """A question and the controls of its answer.

    Parameters
    ----------
    text : str
        The question; it names the controls for a screen reader.
    kind : str
        "single" or "multiple" choice, "number", or "text": no controls, only text and verdict.
    options : sequence of str
        What can be chosen.
    unit : str
        Shown behind a number.
    limits : pair of float, optional
        Smallest and largest number that is accepted.
    button : str
        Words on the button that submits; without one every change counts.

    Attributes
    ----------
    answer : list of int, float or None
        Indices of the chosen options, or the number; None before the first number.
    submitted : int
        Grows with each press of the button, after `answer` is set.
    marks : list of dict
        {"index", "right", "text"} of each option that is to show a reason.
    verdict : str
        A line below the controls, spoken when it changes.

    Raises
    ------
    ValueError
        If the kind is none of the four, or a choice has fewer than two options.

    Examples
    --------
    >>> question = Question("Which score?", "single", options=["IoU", "accuracy"])
    >>> question.answer
    []
    """

    _esm = KEEP_KEYS + _BROWSER
    _css = LOOK + _STYLE
    text = traitlets.Unicode().tag(sync=True)
    kind = traitlets.Unicode().tag(sync=True)
    options: traitlets.List = traitlets.List().tag(sync=True)
    unit = traitlets.Unicode().tag(sync=True)
    limits: traitlets.List = traitlets.List().tag(sync=True)
    example = traitlets.Unicode().tag(sync=True)
    button = traitlets.Unicode().tag(sync=True)
    answer = traitlets.Any().tag(sync=True, echo_update=False)
    submitted = traitlets.Int().tag(sync=True, echo_update=False)
    marks: traitlets.List = traitlets.List().tag(sync=True)
    verdict = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        text: str,
        kind: str,
        *,
        options: Sequence[str] = (),
        unit: str = "",
        limits: tuple[float, float] | None = None,
        button: str = "",
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}.")
        if kind in ("single", "multiple") and len(options) < 2:
            raise ValueError(
                f"A choice needs at least two options, got {len(options)}. Add what else is likely."
            )
        super().__init__(
            text=text,
            kind=kind,
            options=list(options),
            unit=unit,
            limits=list(limits or (None, None)),
            example=_example(*limits) if limits else _FRACTION,
            button=button,
            answer=[] if kind in ("single", "multiple") else None,
        )


def _example(low: float, high: float) -> str:
    """A number that may be entered: as round as the limits allow, and of their size."""
    if low <= 0.5 <= high <= 1:
        return _FRACTION
    middle = low + 0.4 * (high - low)
    rounded = (float(f"{middle:.{digits}g}") for digits in range(1, 17))
    return f"{next((number for number in rounded if low <= number <= high), middle):g}"
