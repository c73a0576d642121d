"""Controls around a plain function that draws: `explore(draw, shift=Slider("Shift", 0, 16))`.

The function draws and knows nothing of widgets, so a lesson can also call it plainly. It is called
again, in the kernel, whenever a control changes. While it draws, the browser gathers the changes
that come in and sends only the latest, so a slow drawing skips values instead of lagging behind.
While a slider moves, the panels keep their places, and `redraw` spares what did not change.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ipywidgets import Box, Button, Layout, Widget
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.figures import alt_text
from course_utils.widgets.browser import guarded
from course_utils.widgets.canvas import Canvas
from course_utils.widgets.redraw import Redrawer
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

# A redrawing leaves many small objects to Python's garbage collector, which then walks through
# every object of every library, up to 100 ms at a time. What the imports made stays for good, so it
# is taken out of these walks.
gc.collect()
gc.freeze()

_ROW = {"flex_flow": "row wrap", "align_items": "center", "grid_gap": "4px 24px"}
_PICTURES = Layout(flex_flow="row wrap", align_items="flex-start", grid_gap="12px 24px")


def explore(draw: Callable[..., Any], *controls: Widget, **named_controls: Widget) -> Demo:
    """Show a drawing with the controls that change it.

    Parameters
    ----------
    draw : callable
        Called with the value of each control, `controls` by position and `named_controls` by name.
        Returns a Figure or an Axes that has alternative text, a str of one line, or both as a
        pair (picture, line). The line is shown below the picture.
    *controls, **named_controls : Widget
        `Slider`, or Dropdown, RadioButtons, Checkbox, ... of ipywidgets with a description. A
        Button's value is how often it was clicked, a painting `Canvas`'s its label map, a hovering
        one's the (row, column) of its cursor, another's the (row, column) clicked last, or None.

    Returns
    -------
    Demo
        Its still is the first picture.

    Raises
    ------
    TypeError
        If `draw` returns something else, or a control has no value.
    ValueError
        If the picture has no alternative text. What `draw` raises at the first call is raised too;
        later, the demo shows it as a line.

    Examples
    --------
    >>> from course_utils.widgets.slider import Slider
    >>> demo = explore(lambda side: f"{side} x {side} pixels", side=Slider("Side", 1, 9, value=3))
    >>> demo.caption
    '3 x 3 pixels'
    """
    return _Explorer(draw, controls, named_controls)


class _Explorer(Demo):
    def __init__(
        self,
        draw: Callable[..., Any],
        controls: tuple[Widget, ...],
        named_controls: dict[str, Widget],
    ) -> None:
        self._draw, self._controls, self._named = draw, controls, named_controls
        self._clicks: dict[Widget, int] = {}
        self._redrawer = Redrawer()
        everything = [*controls, *named_controls.values()]
        for control in everything:
            _require_control(control)
            if hasattr(control, "style"):
                control.style.description_width = "initial"  # a label is as wide as its text
        png, alt, caption = self._drawn()
        self._picture = Canvas("Picture", png=png, alt=alt, caption=caption)
        canvases = [control for control in everything if isinstance(control, Canvas)]
        row = [control for control in everything if not isinstance(control, Canvas)]
        super().__init__(
            [guarded(row, **_ROW), Box([*canvases, self._picture], layout=_PICTURES)],
            png=png,
            alt=alt,
            text=caption,
        )
        for control in everything:
            self._watch(control)

    @property
    def caption(self) -> str:
        """The line below the picture."""
        return self._picture.caption

    def redraw(self, *, keep_places: bool = False) -> None:
        """Draw again with the present values; an error becomes the line below the picture."""
        with _collector_waiting():
            try:
                png, alt, caption = self._drawn(keep_places=keep_places)
            except Exception as error:  # whatever a lesson's own function raises
                self._picture.caption = f"This could not be drawn: {type(error).__name__}: {error}"
                return
            with self._picture.hold_sync():  # one message, so text and picture change together
                self._picture.png, self._picture.alt, self._picture.caption = png, alt, caption

    def _drawn(self, *, keep_places: bool = False) -> tuple[bytes, str, str]:
        values = [self._value(control) for control in self._controls]
        named = {name: self._value(control) for name, control in self._named.items()}
        figure, caption = _parts(self._draw(*values, **named))
        if figure is None:
            return b"", "", caption
        alt = _require_alt_text(figure)
        png = self._redrawer.encode(figure, keep_places=keep_places)
        if "matplotlib.pyplot" in sys.modules:  # a figure made by pyplot would stay in memory
            sys.modules["matplotlib.pyplot"].close(figure)
        return png, alt, caption

    def _value(self, control: Widget) -> Any:
        if isinstance(control, Button):
            return self._clicks.get(control, 0)
        if isinstance(control, Canvas):
            if control.hover and not control.paint:
                return tuple(control.cursor)
            return control.label_map if control.paint else control.clicked
        return control.value

    def _watch(self, control: Widget) -> None:
        if isinstance(control, Button):
            control.on_click(self._count)
        elif isinstance(control, Canvas):
            trait = "painted" if control.paint else "cursor" if control.hover else "event"
            control.observe(lambda _: self.redraw(keep_places=True), trait)
        else:
            keep_places = isinstance(control, Slider)
            control.observe(lambda _: self.redraw(keep_places=keep_places), "value")

    def _count(self, button: Button) -> None:
        self._clicks[button] = self._clicks.get(button, 0) + 1
        self.redraw(keep_places=True)


@contextmanager
def _collector_waiting() -> Iterator[None]:
    """Let the garbage collector wait until the picture is sent; it took a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _parts(drawn: Any) -> tuple[Figure | None, str]:
    """What draw returned, as figure and caption."""
    if isinstance(drawn, str):
        return None, drawn
    picture, caption = drawn if isinstance(drawn, tuple) and len(drawn) == 2 else (drawn, "")
    figure = picture.figure.figure if isinstance(picture, Axes) else picture
    if not isinstance(figure, Figure) or not isinstance(caption, str):
        raise TypeError(
            "draw must return a Figure, an Axes, a str, or a pair (picture, str), "
            f"got {type(drawn).__name__}. Return the figure that it drew."
        )
    return figure, caption


def _require_alt_text(figure: Figure) -> str:
    alt = alt_text(figure)
    if not alt:
        raise ValueError(
            "The figure that draw returns needs alternative text, got none. Draw with the show_ "
            "functions of course_utils.plotting, or call course_utils.figures.set_alt_text."
        )
    return alt


def _require_control(control: Widget) -> None:
    if not isinstance(control, Button | Canvas) and not hasattr(control, "value"):
        raise TypeError(
            f"A control must have a value, got {type(control).__name__}. "
            "Use Slider, Canvas, or a widget of ipywidgets such as Dropdown or Button."
        )
    if not getattr(control, "label" if isinstance(control, Slider | Canvas) else "description", ""):
        raise ValueError(
            f"A control must be named, got a {type(control).__name__} without description. "
            "Give it description=, which a screen reader speaks."
        )
