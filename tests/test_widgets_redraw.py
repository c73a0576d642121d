"""What is not drawn again looks exactly as if it were."""

import io

import numpy as np
import pytest
from PIL import Image

from course_utils.figures import new_figure, to_png
from course_utils.widgets import overlap, paint, redraw, ship
from course_utils.widgets.redraw import Redrawer


def pixels_of(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def drawn_afresh(draw, places):
    """The picture with its panels put in their places, and everything drawn."""
    figure = draw()
    figure.set_layout_engine("none")
    for ax, place in zip(figure.axes, places, strict=True):
        ax.set_position(place)
    return pixels_of(to_png(figure))


def places_after_layout(draw):
    figure = draw()
    to_png(figure)
    return [ax.get_position(original=True) for ax in figure.axes]


def bars(value, *, title="value", ticks=(0, 5, 10), colour="black", legend="bar", grid=False):
    figure, axes = new_figure(width=4, height=2)
    ax = axes[0, 0]
    ax.barh(["first", "second"], [value, 1], label=legend)
    ax.set(title=title, xlim=(0, 10), xlabel="score")
    ax.set_xticks(ticks, [str(tick) for tick in ticks], color=colour)
    ax.grid(visible=grid)
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.4))
    return figure


@pytest.mark.parametrize(
    "draws",
    [
        [lambda area=area: ship.draw_ship(area, "nothing found") for area in (5, 6, 30, 0, 5)],
        [lambda amount=amount: overlap.draw_overlap("shift", amount) for amount in (20, 18, 0, 60)],
        [
            lambda row=row: paint.draw_painting((np.indices(paint.GRID)[0] > row).astype(np.uint8))
            for row in (50, 20, 0)
        ],
        [lambda value=value: bars(value) for value in (1, 2, 9)],
        [lambda title=title: bars(2, title=title) for title in ("one", "two", "two", "one")],
        [lambda ticks=ticks: bars(2, ticks=ticks) for ticks in ((0, 5), (0, 6), (0, 6), (0, 5))],
        [lambda colour=colour: bars(2, colour=colour) for colour in ("black", "red", "red")],
        [lambda legend=legend: bars(2, legend=legend) for legend in ("a", "b", "b", "long name")],
        [lambda value=value: bars(value, grid=True) for value in (1, 2, 9)],
    ],
    ids=["ship", "overlap", "paint", "bars", "title", "ticks", "colour", "legend", "grid"],
)
def test_a_redrawn_picture_is_the_picture(draws):
    redrawer = Redrawer()
    first = pixels_of(redrawer.encode(draws[0](), keep_places=True))
    places = places_after_layout(draws[0])
    assert (np.abs(first - pixels_of(to_png(draws[0]()))) <= 1).all()
    for draw in draws[1:]:
        got = pixels_of(redrawer.encode(draw(), keep_places=True))
        assert (np.abs(got - drawn_afresh(draw, places)) <= 1).all()


def test_words_that_stay_are_drawn_once(monkeypatch):
    shown = []

    def spy(figure):
        shown.append([ax.title.get_visible() for ax in figure.axes])
        return original(figure)

    original = redraw.draw_pixels
    monkeypatch.setattr(redraw, "draw_pixels", spy)
    redrawer = Redrawer()
    for value, title in ((1, "one"), (2, "one"), (2, "two")):
        redrawer.encode(bars(value, title=title), keep_places=True)
    assert shown == [[True], [False], [True]]


def test_a_figure_of_another_size_or_with_more_panels_is_drawn_afresh():
    redrawer = Redrawer()
    redrawer.encode(bars(1), keep_places=True)
    wide = new_figure(1, 2, width=6, height=2)[0]
    assert redrawer.encode(wide, keep_places=True) == to_png(new_figure(1, 2, width=6, height=2)[0])
