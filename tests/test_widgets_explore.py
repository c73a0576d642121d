"""Controls around a drawing function: values, redrawing, errors, and no leak of figures."""

import gc
import weakref

import numpy as np
import pytest
from ipywidgets import Button, Checkbox, Dropdown, FloatText
from matplotlib import pyplot as plt

from course_utils.figures import new_figure, png_size, set_alt_text
from course_utils.widgets.canvas import Canvas
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider


def draw_bar(height: float = 1, name: str = "bar"):
    figure, axes = new_figure(width=2, height=2)
    axes[0, 0].bar([name], [height])
    set_alt_text(axes[0, 0], f"{name} of height {height}")
    return figure


def picture(demo) -> Canvas:
    return demo.children[1].children[-1]


def test_the_picture_follows_every_control():
    height, name = Slider("Height", 0, 9, value=2), Dropdown(description="Name", options=["a", "b"])
    demo = explore(draw_bar, height=height, name=name)
    assert picture(demo).alt == "a of height 2"
    before = picture(demo).png
    height.value = 5
    assert picture(demo).alt == "a of height 5"
    assert picture(demo).png != before
    name.value = "b"
    assert picture(demo).alt == "b of height 5"


def test_controls_by_position():
    demo = explore(draw_bar, Slider("Height", 0, 9, value=4))
    assert picture(demo).alt == "bar of height 4"


def test_the_still_is_the_first_picture_and_stays_it():
    height = Slider("Height", 0, 9, value=2)
    demo = explore(lambda height: (draw_bar(height), f"height is {height}"), height=height)
    first = demo._repr_mimebundle_()["text/html"]
    assert first.startswith('<p>height is 2</p><img alt="bar of height 2"')
    height.value = 3
    assert demo.caption == "height is 3"
    assert demo._repr_mimebundle_()["text/html"] == first


def test_an_axes_stands_for_its_figure():
    demo = explore(lambda height: draw_bar(height).axes[0], height=Slider("Height", 0, 9, value=4))
    assert picture(demo).alt == "bar of height 4"


def test_a_line_of_text_needs_no_picture():
    side = Slider("Side", 1, 9)
    demo = explore(lambda side: f"{side**2} pixels", side=side)
    side.value = 4
    assert demo.caption == "16 pixels"
    assert picture(demo).png == b""


def test_a_button_counts_its_clicks_and_a_checkbox_is_a_bool():
    step, double = Button(description="Next step"), Checkbox(description="Double")
    demo = explore(lambda step, double: f"step {step * (1 + double)}", step=step, double=double)
    assert demo.caption == "step 0"
    step.click()
    step.click()
    assert demo.caption == "step 2"
    double.value = True
    assert demo.caption == "step 4"


def test_a_painting_gives_its_label_map_and_a_picture_its_click():
    painting = Canvas("Paint", rows=2, columns=3, paint=["cell"])
    clicking = Canvas("Click", rows=2, columns=3)
    demo = explore(lambda a, b: f"{int(a.sum())} painted, clicked {b}", painting, clicking)
    assert demo.caption == "0 painted, clicked None"
    painting.label_map = np.ones((2, 3), dtype=np.uint8)
    clicking.event = {"row": 1, "column": 2, "count": 1}
    assert demo.caption == "6 painted, clicked (1, 2)"


def test_a_hovering_picture_gives_its_cursor():
    hovering = Canvas("Hover", rows=2, columns=3, hover=True)
    demo = explore(lambda cell: f"cursor {cell}", hovering)
    assert demo.caption == "cursor (1, 1)"
    hovering.cursor = [0, 2]
    assert demo.caption == "cursor (0, 2)"


def test_panels_keep_their_places_while_a_slider_moves_but_not_for_a_menu():
    figures = []

    def draw(height, name):
        figures.append(draw_bar(height, name))
        return figures[-1]

    def left(figure):
        return figure.axes[0].get_position(original=True).x0

    height = Slider("Height", 0, 100_000, value=1)  # wide tick labels would push the panel right
    name = Dropdown(description="Name", options=["a", "b"])
    explore(draw, height=height, name=name)
    height.value = 100_000
    assert left(figures[1]) == left(figures[0])
    name.value = "b"
    assert left(figures[2]) > left(figures[0])


def test_an_error_later_is_one_readable_line_and_the_demo_goes_on():
    height = Slider("Height", 0, 9, value=1)

    def draw(height):
        if height == 5:
            raise ZeroDivisionError("no height of 5")
        return draw_bar(height)

    demo = explore(draw, height=height)
    height.value = 5
    assert demo.caption == "This could not be drawn: ZeroDivisionError: no height of 5"
    height.value = 6
    assert demo.caption == ""
    assert picture(demo).alt == "bar of height 6"


def test_an_error_at_the_first_call_is_raised_so_that_a_test_of_the_lesson_sees_it():
    with pytest.raises(ZeroDivisionError):
        explore(lambda height: 1 / height, height=Slider("Height", 0, 9))


def test_a_figure_without_alternative_text_is_refused():
    def draw(height):
        figure, axes = new_figure()
        axes[0, 0].bar([0], [height])
        return figure

    with pytest.raises(ValueError, match="needs alternative text, got none"):
        explore(draw, height=Slider("Height", 0, 9))


@pytest.mark.parametrize("drawn", [None, 3, (None, "caption"), ("a", "b", "c")])
def test_anything_but_a_picture_or_a_line_is_refused(drawn):
    with pytest.raises(TypeError, match="draw must return a Figure"):
        explore(lambda height: drawn, height=Slider("Height", 0, 9))


def test_a_control_without_value_is_refused():
    from ipywidgets import VBox

    with pytest.raises(TypeError, match="control must have a value, got VBox"):
        explore(draw_bar, height=VBox())


@pytest.mark.parametrize("control", [FloatText(), Dropdown(options=["a"]), Button()])
def test_a_control_without_a_name_is_refused(control):
    with pytest.raises(ValueError, match="control must be named"):
        explore(draw_bar, height=control)


def test_figures_are_let_go():
    figures = weakref.WeakSet()

    def draw(height):
        figure, ax = plt.subplots()  # pyplot would keep it
        set_alt_text(ax, f"{height}")
        figures.add(figure)
        return figure

    height = Slider("Height", 0, 99)
    demo = explore(draw, height=height)
    for value in range(1, 8):
        height.value = value
    gc.collect()
    assert len(figures) == 0
    assert plt.get_fignums() == []
    demo.close()
    assert height.comm is None


def test_two_demos_of_one_function_do_not_disturb_each_other():
    heights = [Slider("Height", 0, 9, value=value) for value in (1, 2)]
    demos = [explore(draw_bar, height=height) for height in heights]
    heights[0].value = 7
    assert [picture(demo).alt for demo in demos] == ["bar of height 7", "bar of height 2"]
    assert png_size(picture(demos[0]).png) == (200, 200)


def test_the_garbage_collector_waits_while_a_picture_is_drawn_and_no_longer():
    enabled = []

    def draw(value):
        enabled.append(gc.isenabled())
        return f"value {value}"

    slider = Slider("Value", 0, 9)
    explore(draw, value=slider)
    slider.value = 1
    assert enabled == [True, False]
    assert gc.isenabled()
