"""A demo: live controls where a kernel runs, a still picture everywhere else.

A notebook stores several forms of one output and each reader takes the best it can show. JupyterLab
with a kernel prefers the widget view; a repository's web page, an exported HTML page and a notebook
that was not run show the HTML, which holds the demo's first picture with its alternative text.
"""

import html
from collections.abc import Sequence
from typing import Any

from ipywidgets import Box, VBox, Widget

from course_utils.figures import picture_bundle


class Demo(VBox):
    """A column of widgets that carries a still of itself.

    Parameters
    ----------
    children : sequence of Widget
        What is shown live, from top to bottom.
    png : bytes, optional
        The still picture.
    alt : str
        Alternative text of the picture; required with one.
    text : str
        Plain text shown above the picture; its lines are kept.

    Raises
    ------
    ValueError
        If there is neither picture nor text, or a picture without alternative text.

    Examples
    --------
    >>> demo = Demo([], text="Is IoU 1/2 or 1/3?")
    >>> demo._repr_mimebundle_()["text/html"]
    '<p>Is IoU 1/2 or 1/3?</p>'
    """

    def __init__(
        self,
        children: Sequence[Widget],
        *,
        png: bytes = b"",
        alt: str = "",
        text: str = "",
    ) -> None:
        if not png and not text:
            raise ValueError("A demo needs a still, got none. Give it png= and alt=, or text=.")
        if png and not alt:
            raise ValueError(
                "A still picture needs alternative text, got none. Say in alt= what it shows; "
                "for a figure, course_utils.figures.set_alt_text."
            )
        super().__init__(list(children))
        self._still = _still_bundle(png, alt, text)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        view = super()._repr_mimebundle_(**kwargs) or {}
        return view | self._still

    def close(self) -> None:
        """Close the demo and everything in it, in the browser and in the kernel."""
        _close_children(self)
        super().close()


def _close_children(box: Box) -> None:
    for child in box.children:
        if isinstance(child, Box) and not isinstance(child, Demo):
            _close_children(child)
        child.close()


def _still_bundle(png: bytes, alt: str, text: str) -> dict[str, str]:
    lines = "<br>".join(html.escape(line) for line in text.splitlines())
    paragraph = f"<p>{lines}</p>" if text else ""
    if not png:
        return {"text/html": paragraph, "text/plain": text}
    bundle = picture_bundle(png, alt)
    plain = "\n".join(part for part in (text, alt) if part)
    return bundle | {"text/html": paragraph + bundle["text/html"], "text/plain": plain}
