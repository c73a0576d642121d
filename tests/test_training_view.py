"""The report that draws in a notebook: what it shows, what it drops, how it stops."""

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

from course_utils import training
from course_utils.datasets.registry import load_data
from course_utils.history import History
from course_utils.training_config import Config
from course_utils.training_report import Progress
from course_utils.widgets import training_view
from course_utils.widgets.training_view import TrainingView, draw_training, sample_strip

PALETTE = np.array([[0, 0, 0], [200, 100, 0]], np.uint8)


class Place:
    """Stands for the notebook's output: what was shown, and what replaced it."""

    def __init__(self):
        self.shown, self.updates = [], []

    def display(self, widget, *, display_id):
        assert display_id
        self.shown.append(widget)
        return self

    def update(self, bundle, *, raw):
        assert raw
        self.updates.append(bundle)


@pytest.fixture
def place(monkeypatch):
    place = Place()
    monkeypatch.setattr(training_view, "display", place.display)
    return place


def trained(report, epochs=3, **choices):
    torch.manual_seed(0)
    train, val = load_data("ships", count=4, size=(32, 32)), load_data("ships", "val", count=3)
    config = Config(epochs=epochs, batch_size=2, size=(32, 32), device="cpu", threads=1, **choices)
    return training.fit(torch.nn.Conv2d(3, 2, 1), train, val, config, report=report)


def test_one_output_is_shown_and_replaced_once_by_the_still(place):
    view = TrainingView(samples=2)
    run = trained(view)
    assert len(place.shown) == len(place.updates) == 1
    (bundle,) = place.updates
    assert "application/vnd.jupyter.widget-view+json" not in bundle
    assert bundle["text/html"].startswith("<p>Done: best mean IoU ")
    assert '<img alt="Curves over 3 epochs' in bundle["text/html"]
    assert "2 validation pictures" in bundle["text/plain"]
    assert bundle["image/png"]
    assert not run.stopped


def test_pictures_that_come_too_early_are_dropped_but_not_the_last(place, monkeypatch):
    monkeypatch.setattr(training_view, "SECONDS_BETWEEN_PICTURES", 1e6)
    view = TrainingView()
    trained(view, epochs=5)
    assert (view.drawn, view.dropped) == (2, 4)  # the first epoch, and the end
    assert "over 5 epochs" in place.updates[0]["text/plain"]


def test_every_epoch_is_drawn_where_drawing_costs_nothing(place, monkeypatch):
    monkeypatch.setattr(training_view, "SECONDS_BETWEEN_PICTURES", 0)
    monkeypatch.setattr(training_view, "SHARE_OF_TIME", np.inf)
    view = TrainingView(samples=0)
    trained(view, epochs=4)
    assert (view.drawn, view.dropped) == (5, 0)


def test_the_view_changes_nothing_of_the_training(place):
    seen, unseen = trained(TrainingView()), trained(None)
    for a, b in zip(seen.model.parameters(), unseen.model.parameters(), strict=True):
        assert torch.equal(a, b)
    assert np.array_equal(seen.history["loss"], unseen.history["loss"])


def test_a_stop_that_was_asked_for_ends_like_ctrl_c(place):
    view = TrainingView()

    class Asking(TrainingView):
        def validated(self, validated):
            self._bar.stop_asked = validated.row["epoch"] == 2
            super().validated(validated)

    view = Asking()
    run = trained(view, epochs=50)
    assert run.stopped
    assert run.best_epoch in (1, 2)
    assert len(run.history) == 2
    assert place.updates[0]["text/plain"].startswith("Stopped: best mean IoU")


def test_stopped_before_the_first_epoch_it_says_so(place):
    class AtOnce(TrainingView):
        def started(self, plan):
            super().started(plan)
            raise KeyboardInterrupt

    trained(AtOnce())
    assert place.updates == [
        {
            "text/plain": "Stopped before the first epoch was validated.",
            "text/html": "<p>Stopped before the first epoch was validated.</p>",
        }
    ]


def test_the_bar_tells_step_loss_and_time_left(place):
    view = TrainingView()
    view.stepped(Progress(2, 30, 120, 0.25, 1e-3, 4.0, 200.0))
    assert view._bar.share == pytest.approx(0.25)
    assert view._bar.text == "epoch 2, step 30 of 120, loss 0.250, 3 min 20 s left"


def test_the_strip_has_images_truth_and_predictions_with_void_in_grey():
    images = np.full((2, 3, 4, 5), 7, np.uint8)
    truth, predicted = np.full((2, 4, 5), 255, np.uint8), np.ones((2, 4, 5), np.uint8)
    strip = sample_strip(images, truth, predicted, PALETTE)
    assert strip.shape == (16, 12, 3)
    assert np.unique(strip[:4, :5]) == 7
    assert np.all(strip[4:6] == 255)
    assert np.array_equal(strip[7, 8], training_view.VOID_COLOUR)
    assert np.array_equal(strip[-1, -1], PALETTE[1])


def test_the_picture_counts_void_in_no_share():
    images, truth = np.zeros((1, 3, 4, 4), np.uint8), np.zeros((1, 4, 4), np.uint8)
    truth[:, :2] = 255
    predicted = np.zeros((1, 4, 4), np.uint8)
    predicted[:, 0] = 1
    figure = draw_training(History(), (images, truth, predicted), PALETTE)
    assert "100.0% of their pixels right" in training_view.alt_text(figure)


def test_a_negative_number_of_samples_is_refused():
    with pytest.raises(ValueError, match="samples must be 0 or more, got -1"):
        TrainingView(samples=-1)


CELL = """
import torch
from course_utils import training
from course_utils.datasets.registry import load_data
from course_utils.training_config import Config
from course_utils.widgets.training_view import TrainingView
train, val = load_data("ships", count=4), load_data("ships", "val", count=2)
config = Config(epochs={epochs}, batch_size=2, device="cpu", threads=1)
{before}
run = training.fit(torch.nn.Conv2d(3, 2, 1), train, val, config, report=TrainingView())
"""


def executed(**parts):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(CELL.format(**parts)),
            nbformat.v4.new_code_cell("print(run.stopped, len(run.history) > 0)"),
        ]
    )
    NotebookClient(notebook, timeout=120).execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_stored_notebook_keeps_the_still_and_no_widget():
    (output,), (said,) = executed(epochs=3, before="")
    assert "application/vnd.jupyter.widget-view+json" not in output.data
    assert "<img alt=" in output.data["text/html"]
    assert said.text == "False True\n"


def test_an_interrupt_of_the_kernel_stops_it_in_good_order():
    alarm = "import signal, os, threading\n"
    alarm += "threading.Timer(3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()"
    (output,), (said,) = executed(epochs=100_000, before=alarm)
    assert output.data["text/plain"].startswith("Stopped: best mean IoU")
    assert said.text == "True True\n"
