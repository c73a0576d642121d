"""Figures: what a notebook stores of them, their alternative text, their PNG."""

import base64
import gc
import io
import re
import subprocess
import sys
import warnings

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from course_utils import figures
from course_utils.datasets.pictures import load_picture
from course_utils.figures import (
    alt_text,
    new_figure,
    picture_bundle,
    png_size,
    set_alt_text,
    to_png,
)
from course_utils.plotting import compare, show_label_map

ALT = 'Label map, 2 rows by 2 columns: <b> & "c" 50.0 %, it\'s 50.0 %.'


def pixels_of(png):
    """Red, green, blue of a PNG, shape (H, W, 3)."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


# ---- alternative text ----


def test_panels_are_joined_with_their_titles():
    figure, axes = new_figure(1, 2)
    axes[0, 0].set_title("left\nhalf")
    set_alt_text(axes[0, 0], "A square.")
    set_alt_text(axes[0, 1], "  A\n disc. ")
    assert alt_text(figure) == "left half: A square. A disc."
    figure.suptitle("Two shapes")
    assert alt_text(figure) == "Two shapes. left half: A square. A disc."


def test_a_figures_own_text_replaces_those_of_its_panels():
    figure, axes = new_figure()
    set_alt_text(axes[0, 0], "A square.")
    set_alt_text(figure, "Everything.")
    assert alt_text(figure) == "Everything."


def test_half_a_description_is_none():
    figure, axes = new_figure(1, 2)
    set_alt_text(axes[0, 0], "A square.")
    assert alt_text(figure) == "A square.", "an empty panel needs no words"
    axes[0, 1].plot([0, 1])
    assert alt_text(figure) == ""
    set_alt_text(axes[0, 1], "A line.")
    assert alt_text(figure) == "A square. A line."


def test_a_colour_bar_needs_no_words():
    figure, axes = new_figure()
    picture = axes[0, 0].imshow(np.eye(3))
    set_alt_text(axes[0, 0], "A diagonal.")
    figure.colorbar(picture, ax=axes[0, 0])
    assert alt_text(figure) == "A diagonal."


def test_an_empty_text_is_refused():
    figure, _ = new_figure()
    with pytest.raises(ValueError, match=r"must say what .* got an empty text\. Write one"):
        set_alt_text(figure, " \n")


def test_texts_are_forgotten_with_their_figure():
    gc.collect()
    before = len(figures._texts)
    figure, axes = new_figure()
    set_alt_text(axes[0, 0], "A square.")
    set_alt_text(figure, "A square, alone.")
    assert len(figures._texts) == before + 2
    del figure, axes
    gc.collect()
    assert len(figures._texts) == before


# ---- figures and PNG ----


def test_new_figures_stay_outside_pyplot():
    before = plt.get_fignums()
    figure, axes = new_figure(2, 3, width=5, height=2)
    assert plt.get_fignums() == before
    assert axes.shape == (2, 3)
    assert png_size(to_png(figure)) == (500, 200)


def test_size_does_not_depend_on_the_content():
    sizes = set()
    for side in (2, 30):
        figure, axes = new_figure(1, 2)
        show_label_map(np.eye(side, dtype=int), axes[0, 0], title="x" * side)
        sizes.add(png_size(to_png(figure)))
    assert sizes == {(700, 320)}


def test_same_drawing_same_bytes():
    def draw():
        figure, axes = new_figure(1, 2)
        show_label_map(np.eye(4, dtype=int), axes[0, 0], title="eye")
        return figure

    figure = draw()
    first = to_png(figure)
    assert to_png(figure) == first, "drawn again"
    assert to_png(draw()) == first, "made again"
    chunks = re.findall(rb"tEXt|iTXt|zTXt|tIME|eXIf", first)
    assert chunks == [], "a version or a date would change the bytes"


def test_flat_colours_are_exact_and_photographs_close():
    figure = Figure(figsize=(4, 2), facecolor="white", layout="none")
    left, right = figure.add_axes((0, 0, 0.5, 1)), figure.add_axes((0.5, 0, 0.5, 1))
    flat = np.array([[(221, 136, 34), (17, 85, 170)]], dtype=np.uint8)
    rows, columns = np.mgrid[:200, :200]
    smooth = np.stack([rows, columns, (rows + columns) // 2], axis=-1).astype(np.uint8)
    for ax, image in ((left, flat), (right, smooth)):
        ax.imshow(image, aspect="auto", interpolation="nearest")
        ax.set_axis_off()
    drawn = pixels_of(to_png(figure)).astype(int)
    assert drawn.shape == (200, 400, 3)
    assert (drawn[20:180, 10:90] == flat[0, 0]).all()
    assert (drawn[20:180, 110:190] == flat[0, 1]).all()
    difference = np.abs(drawn[:, 200:] - smooth)
    assert difference.mean() < 8
    assert difference.max() < 48


def test_photographs_stay_small():
    photographs = [load_picture(name).image[:300, :400] for name in ("coffee", "cat")]
    axes = compare(*photographs, titles=["coffee", "cat"])
    png = to_png(axes[0].figure, trim=True)
    assert len(png) < 100_000
    assert len(picture_bundle(png, "Two photographs.")["text/html"]) < 140_000


def test_trimming_cuts_the_white_border_alone():
    figure = Figure(figsize=(4, 3), layout="none")
    ax = figure.add_axes((0.25, 0.5, 0.5, 0.25))
    ax.imshow(np.zeros((1, 1, 3)), aspect="auto")
    ax.set_axis_off()
    whole, trimmed = pixels_of(to_png(figure)), pixels_of(to_png(figure, trim=True))
    assert whole.shape == (300, 400, 3)
    assert trimmed.shape[0] == pytest.approx(75 + 12, abs=2)
    assert trimmed.shape[1] == pytest.approx(200 + 12, abs=2)
    assert (whole == 0).all(axis=2).sum() == (trimmed == 0).all(axis=2).sum()
    empty = Figure(figsize=(1, 1))
    assert png_size(to_png(empty, trim=True)) == (100, 100)


def test_a_figure_of_another_backend_keeps_its_canvas():
    figure = Figure(figsize=(1, 1))
    canvas = FigureCanvasPdf(figure)
    assert to_png(figure).startswith(b"\x89PNG")
    assert figure.canvas is canvas


def test_bundle_escapes_the_text():
    figure, _ = new_figure(width=2, height=1)
    bundle = picture_bundle(to_png(figure), ALT)
    assert re.match(
        r'<img alt="Label map, 2 rows by 2 columns: &lt;b&gt; &amp; &quot;c&quot; 50\.0 %, '
        r'it&#x27;s 50\.0 %\." width="200" src="data:image/png;base64,[A-Za-z0-9+/=]+">$',
        bundle["text/html"],
    )
    assert bundle["text/plain"] == ALT
    assert base64.b64decode(bundle["image/png"]) == to_png(figure)


def test_without_a_text_there_is_no_img():
    figure, _ = new_figure(width=2, height=1)
    assert set(picture_bundle(to_png(figure), "")) == {"image/png"}


NAMES = ["background", "saucer", "cup", "coffee", "spoon"]


def own_figure(label_map):
    return [show_label_map(label_map, class_names=NAMES, title="target")]


def grid(rows, columns, height):
    def draw(label_map):
        _, axes = plt.subplots(rows, columns, squeeze=False, figsize=(8, height))
        return [
            show_label_map(label_map, ax, class_names=NAMES, title="target") for ax in axes.flat
        ]

    return draw


def beside_bars(label_map):
    _, axes = new_figure(1, 3, width=8.2, height=2.9)
    axes[0, 2].barh(["frequency-weighted IoU", "IoU of background"], [0.5, 0.9])
    pictures = axes[0, :2]
    return [show_label_map(label_map, ax, class_names=NAMES, title="target") for ax in pictures]


@pytest.mark.parametrize(
    "draw", [own_figure, grid(1, 1, 3.5), grid(1, 3, 3.5), grid(2, 2, 5.5), beside_bars]
)
@pytest.mark.parametrize("shape", [(40, 40), (40, 60), (40, 90), (90, 40)])
def test_legends_and_titles_fit(draw, shape):
    axes = draw(np.arange(np.prod(shape)).reshape(shape) % 5)
    figure = axes[0].figure
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        to_png(figure)
    renderer = figure.canvas.get_renderer()
    page = figure.bbox.padded(3)  # pixels: the empty border of a legend
    for ax in axes:
        box = ax.get_tightbbox(renderer)
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1
        picture = ax.get_window_extent(renderer)
        assert picture.width > 60
        assert not ax.get_legend().get_window_extent(renderer).overlaps(picture)


# ---- in a notebook ----

CELLS = {
    "import": """
import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from course_utils.figures import new_figure, set_alt_text
from course_utils.plotting import show_label_map
names = ["<b> & \\"c\\"", "it's"]
target = np.eye(2, dtype=int)
""",
    "inline": "show_label_map(target, class_names=names);",
    "subplots twice": """
figure, axes = plt.subplots(1, 2)
show_label_map(target, axes[0], class_names=names, title="left")
axes[1].plot([0, 1])
set_alt_text(axes[1], "A line.")
figure""",
    "outside pyplot": """
figure, axes = new_figure()
show_label_map(target, axes[0, 0], class_names=names)
display(figure)""",
    "no text": "plt.plot([0, 1]);",
    "nothing drawn": "plt.figure();",
    "again": "%matplotlib inline\nshow_label_map(target, class_names=names);",
    "output widget": """
output = ipywidgets.Output()
with output:
    show_label_map(target, class_names=names)
    plt.show()""",
    "outputs": "print([sorted(o['data']) for o in output.outputs if 'image/png' in o['data']])",
}


@pytest.fixture(scope="module")
def notebook():
    cells = [
        new_code_cell(source.strip(), id=name.replace(" ", "-")) for name, source in CELLS.items()
    ]
    notebook = new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    return notebook


def outputs_of(notebook, name):
    """The outputs of one of CELLS that carry data."""
    cell = next(cell for cell in notebook.cells if cell.id == name.replace(" ", "-"))
    return [output for output in cell.outputs if "data" in output]


@pytest.mark.parametrize("name", ["inline", "outside pyplot", "again"])
def test_a_figure_arrives_with_its_text(notebook, name):
    (output,) = outputs_of(notebook, name)
    assert set(output.data) == {"text/html", "image/png", "text/plain"}
    assert output.data["text/plain"] == ALT
    assert output.metadata == {"image/png": {"alt": ALT}}
    png = output.data["image/png"].strip()
    assert f'src="data:image/png;base64,{png}"' in output.data["text/html"], "encoded once"
    assert Image.open(io.BytesIO(base64.b64decode(png))).mode == "P"


def test_a_figure_shown_twice_is_twice_the_same(notebook):
    first, second = outputs_of(notebook, "subplots twice")
    assert first.data == second.data
    assert first.data["text/plain"] == f"left: {ALT} A line."


def test_a_figure_without_text_is_still_shown(notebook):
    (output,) = outputs_of(notebook, "no text")
    assert set(output.data) == {"image/png", "text/plain"}
    assert output.metadata == {}
    (output,) = outputs_of(notebook, "nothing drawn")
    assert set(output.data) == {"text/plain"}


def test_live_output_carries_the_text(notebook):
    (cell,) = [cell for cell in notebook.cells if cell.id == "outputs"]
    assert cell.outputs[0].text.strip() == "[['image/png', 'text/html', 'text/plain']]"


def test_exported_html_carries_the_text(notebook):
    page, _ = HTMLExporter().from_notebook_node(nbformat.from_dict(notebook))
    alts = re.findall(r"<img\b[^>]*?\balt=(\"[^\"]*\"|'[^']*')", page)
    described = [alt for alt in alts if "Label map, 2 rows by 2 columns" in alt]
    assert len(described) >= 5
    assert len([alt for alt in alts if "No description" in alt]) == 1, "the figure without text"


def test_importing_outside_a_notebook_asks_for_no_shell():
    code = "import sys, course_utils.figures; print('IPython' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
