"""A picture that a student can step over, click and paint on, by mouse, touch, pen or keyboard.

One class serves every lesson. The kernel sends a PNG with its alternative text. The picture may
carry a grid of rows and columns (its pixels, or coarser cells); what the student does on it comes
back as (row, column), or as a painted label map, one byte per cell. Painting is drawn
in the browser at once and sent after it, every 60 ms at most, so a busy kernel never holds up the
hand.
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import numpy as np
import traitlets
from PIL import Image

from course_utils.labels import display_palette
from course_utils.widgets.canvas_browser import MODULE, STYLE


class Canvas(anywidget.AnyWidget):
    """A picture with alternative text that answers to mouse, touch, pen and keyboard.

    Parameters
    ----------
    label : str
        Accessible name of the picture as a control.
    image : ndarray of uint8, shape (H, W) or (H, W, 3), optional
        Shown enlarged, each pixel a cell of the grid unless `rows` and `columns` say otherwise.
    png : bytes, optional
        A picture that is a file already, such as a drawn figure; instead of `image`.
    alt : str
        Alternative text of the picture.
    rows, columns : int
        Grid that events are counted in; 0: no events, only a picture.
    box : tuple of float (left, top, width, height)
        Where the grid lies in the picture, in parts of its width and height.
    paint : sequence of str, or mapping of str to colour "#rrggbb"
        Names of the classes that can be painted, as label 1, 2, ... An eraser paints 0.
    brush : int
        Width of the brush in cells at the start, odd.
    width : int, optional
        Width on screen in CSS pixels; by default an image's pixels are enlarged to about 480.
    caption : str
        A line below the picture.
    hover : bool
        Send `cursor` while the mouse moves as well.

    Attributes
    ----------
    event : dict
        {"row", "column", "count"} of the last click or Enter; two on one cell differ in count.
    cursor : list of int
        (row, column) of the keyboard's cursor, or of the mouse with `hover`.
    strokes : int
        Grows with each finished stroke, undo and clear, after `painted` has its last state.
    painted : bytes
        The painted label map, row by row; `label_map` has it as an array.

    Raises
    ------
    ValueError
        If image and png are both given, the image is no uint8 image, the brush is not odd, or
        painting has no grid.

    Examples
    --------
    >>> canvas = Canvas("Cells", rows=2, columns=3, paint=["cell"])
    >>> canvas.label_map = np.array([[0, 1, 0], [0, 1, 1]])
    >>> canvas.label_map
    array([[0, 1, 0],
           [0, 1, 1]], dtype=uint8)
    """

    _esm = MODULE
    _css = STYLE
    label = traitlets.Unicode().tag(sync=True)
    help = traitlets.Unicode().tag(sync=True)
    png = traitlets.Bytes().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    rows = traitlets.Int().tag(sync=True)
    columns = traitlets.Int().tag(sync=True)
    box: traitlets.List = traitlets.List().tag(sync=True)
    lines = traitlets.Bool().tag(sync=True)
    hover = traitlets.Bool().tag(sync=True)
    paint: traitlets.List = traitlets.List().tag(sync=True)
    brush = traitlets.Int().tag(sync=True)
    event = traitlets.Dict().tag(sync=True, echo_update=False)
    cursor: traitlets.List = traitlets.List().tag(sync=True, echo_update=False)
    painted = traitlets.CBytes().tag(sync=True, echo_update=False)
    strokes = traitlets.Int().tag(sync=True, echo_update=False)

    def __init__(
        self,
        label: str,
        *,
        image: np.ndarray | None = None,
        png: bytes = b"",
        alt: str = "",
        rows: int = 0,
        columns: int = 0,
        box: tuple[float, float, float, float] = (0, 0, 1, 1),
        paint: Sequence[str] | Mapping[str, str] = (),
        brush: int = 3,
        width: int = 0,
        caption: str = "",
        hover: bool = False,
    ) -> None:
        if image is None and not png and rows and columns:
            image = np.full((rows, columns), 255, dtype=np.uint8)
        if image is not None:
            if png:
                raise ValueError("A canvas shows one picture, got image and png. Give one of them.")
            _require_image(image)
            rows, columns = rows or image.shape[0], columns or image.shape[1]
            width = width or _width_on_screen(image.shape[1])
            png = _enlarged_png(image, width)
        _require_usable(rows, columns, len(paint), brush)
        super().__init__(
            label=label,
            help=_help(bool(paint), hover) if rows else "",
            png=png,
            alt=alt or label,
            caption=caption,
            width=width,
            rows=rows,
            columns=columns,
            box=list(box),
            lines=bool(rows) and columns <= 48 and width >= 8 * columns,
            hover=hover,
            paint=_with_colours(paint),
            brush=brush,
            event={},
            cursor=[rows // 2, columns // 2],
            painted=bytes(rows * columns) if paint else b"",
        )

    @property
    def label_map(self) -> np.ndarray:
        """The painted label map: uint8, shape (rows, columns), a copy."""
        return np.frombuffer(self.painted, np.uint8).reshape(self.rows, self.columns).copy()

    @label_map.setter
    def label_map(self, label_map: np.ndarray) -> None:
        if np.shape(label_map) != (self.rows, self.columns):
            raise ValueError(
                f"label_map must have shape ({self.rows}, {self.columns}) like the canvas's grid, "
                f"got {np.shape(label_map)}. Resize it with nearest neighbour first."
            )
        if np.min(label_map) < 0 or np.max(label_map) > len(self.paint):
            raise ValueError(
                f"label_map may hold 0 to {len(self.paint)}, one value per class that can be "
                f"painted, got {np.min(label_map)} to {np.max(label_map)}. "
                "Name all classes in paint=."
            )
        self.painted = np.asarray(label_map, dtype=np.uint8).tobytes()

    @property
    def clicked(self) -> tuple[int, int] | None:
        """(row, column) of the last click or Enter; None before the first."""
        return (self.event["row"], self.event["column"]) if self.event else None

    @traitlets.validate("painted")
    def _as_many_cells_as_before(self, proposal: Any) -> bytes:
        painted = proposal.value
        if self.paint and len(painted) != self.rows * self.columns:
            raise traitlets.TraitError(
                f"painted must hold {self.rows} x {self.columns} bytes, got {len(painted)}. "
                "Set label_map instead."
            )
        return painted


def _help(paint: bool, hover: bool) -> str:
    """What the keys do; where moving is all there is, Enter is not named."""
    if paint:
        return "Arrow keys move, with Shift by 5. Space paints."
    return "Arrow keys move, with Shift by 5." + ("" if hover else " Enter chooses.")


def _width_on_screen(columns: int, aim: int = 480) -> int:
    """The image's width times a whole number, near the aim; a larger image keeps its own."""
    return columns * max(1, round(aim / columns))


def _enlarged_png(image: np.ndarray, width: int) -> bytes:
    """Encode an image with its pixels as squares of a whole number of screen pixels."""
    factor = max(1, width // image.shape[1])
    picture = Image.fromarray(np.kron(image, _square(factor, image.ndim)))
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def _square(factor: int, dimensions: int) -> np.ndarray:
    return np.ones((factor, factor) + (1,) * (dimensions - 2), dtype=np.uint8)


def _with_colours(paint: Sequence[str] | Mapping[str, str]) -> list[dict[str, str]]:
    if isinstance(paint, Mapping):
        return [{"name": name, "colour": colour} for name, colour in paint.items()]
    palette = display_palette(len(paint) + 1)[1:]
    return [
        {"name": name, "colour": "#" + bytes(colour).hex()}
        for name, colour in zip(paint, palette, strict=True)
    ]


def _require_image(image: np.ndarray) -> None:
    if image.dtype != np.uint8 or image.shape[2:] not in ((), (3,)) or image.ndim < 2:
        raise ValueError(
            f"image must be uint8 of shape (H, W) or (H, W, 3), got {image.dtype} of shape "
            f"{image.shape}. Scale a float image: (255 * image).astype(np.uint8)."
        )


def _require_usable(rows: int, columns: int, num_classes: int, brush: int) -> None:
    if (rows > 0) != (columns > 0) or min(rows, columns) < 0:
        raise ValueError(
            f"rows and columns must both be positive or both 0, got {rows} and {columns}. "
            "Give the grid that clicks are counted in."
        )
    if num_classes and not rows:
        raise ValueError("Painting needs a grid, got none. Give rows= and columns=, or an image.")
    if brush < 1 or brush % 2 == 0:
        raise ValueError(f"brush must be odd (1, 3, 5, ... cells), got {brush}.")
