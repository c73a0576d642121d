"""What a demo leaves where no kernel runs."""

import pytest

from course_utils.figures import new_figure, to_png
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def png() -> bytes:
    return to_png(new_figure(width=2, height=1)[0])


def test_a_demo_shows_live_and_still(png):
    demo = Demo([Slider("Shift", 0, 16)], png=png, alt="IoU 0.5 & falling", text="a < b")
    bundle = demo._repr_mimebundle_()
    assert bundle[VIEW]["model_id"] == demo.model_id
    assert bundle["text/html"].startswith('<p>a &lt; b</p><img alt="IoU 0.5 &amp; falling"')
    assert bundle["text/plain"] == "a < b\nIoU 0.5 & falling"
    assert set(bundle) == {VIEW, "text/html", "text/plain", "image/png"}


def test_text_alone_keeps_its_lines():
    bundle = Demo([], text="first\nsecond")._repr_mimebundle_()
    assert bundle["text/html"] == "<p>first<br>second</p>"
    assert "image/png" not in bundle


def test_ipython_chooses_the_same_forms(png):
    from IPython.core.formatters import DisplayFormatter

    forms, _ = DisplayFormatter().format(Demo([], png=png, alt="A picture."))
    assert forms["text/plain"] == "A picture."
    assert VIEW in forms


def test_closing_a_demo_closes_what_is_in_it():
    inner = Slider("Shift", 0, 16)
    demo = Demo([inner], text="still")
    demo.close()
    assert inner.comm is None
    assert demo.comm is None


def test_a_demo_without_a_still_is_refused():
    with pytest.raises(ValueError, match="needs a still, got none"):
        Demo([])


def test_a_picture_without_alternative_text_is_refused(png):
    with pytest.raises(ValueError, match="needs alternative text, got none"):
        Demo([], png=png)
