"""`python -m course_utils train`: a training run into a folder, and its scores on test pictures.

What a data set needs stands in `RECIPES`; every choice can be overruled on the command line.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from course_utils.checkpoints import CheckpointError, write_atomically
from course_utils.datasets.registry import data_names, describe_data, load_data
from course_utils.datasets.segmentation_data import SegmentationData
from course_utils.figures import to_png
from course_utils.models.registry import build_model, model_names, model_options
from course_utils.training import Run, Scores, evaluate, fit, predict
from course_utils.training_config import Config
from course_utils.training_errors import TrainingError
from course_utils.training_figures import draw_curves, draw_predictions
from course_utils.training_report import PlainReport
from course_utils.training_state import LAST
from course_utils.transforms import Augmentation


@dataclass(frozen=True)
class Recipe:
    """What suits a data set.

    Parameters
    ----------
    config : Config
    pictures : int, optional
        Training pictures to make; by default those of the data set.
    options : mapping
        Of the model, used where it has such an option.
    """

    config: Config = field(default_factory=Config)
    pictures: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


RECIPES = {
    "digits": Recipe(  # many small steps: what a digit is comes late, and then at once
        Config(
            epochs=8,
            batch_size=2,
            learning_rate=2e-2,
            class_weights=(0.3, *(10 * [1.0])),  # or all is background for half of the run
        ),
        options={"depth": 3, "batch_norm": True},
    ),
    "camvid": Recipe(
        Config(
            epochs=200,
            batch_size=8,
            class_weights="balanced",
            ema=0.99,
            augmentation=Augmentation(
                scale=(0.5, 2.0), crop=(352, 352), brightness=0.2, contrast=0.2
            ),
            size=(368, 480),  # 360 rows are no multiple of 16
        ),
        options={"batch_norm": True},
    ),
    "nuclei": Recipe(
        Config(
            epochs=60,
            batch_size=8,
            ema=0.99,
            augmentation=Augmentation(upside_down=True, rotate=45, brightness=0.2, contrast=0.2),
            size=(256, 256),
        ),
        options={"batch_norm": True},
    ),
}
"""By data set; what is not named takes the defaults."""


def run(options: argparse.Namespace) -> int:
    """Train as the command line says.

    Parameters
    ----------
    options : Namespace
        See `python -m course_utils train --help`.

    Returns
    -------
    int
        0, 1 where something does not go together, or 130 where Ctrl-C stopped the training.

    Examples
    --------
    >>> run(argparse.Namespace(list=True))  # doctest: +ELLIPSIS
    models
      unet ...
    0
    """
    if options.list:
        print(listing())
        return 0
    try:
        return _train(options)
    except (ValueError, TypeError, TrainingError, CheckpointError) as error:
        print(error, file=sys.stderr)
        return 1


def listing() -> str:
    """Models with their options, and data sets with their parts.

    Examples
    --------
    >>> "digits" in listing()
    True
    """
    lines = ["models"]
    for name in model_names():
        shown = ", ".join(f"{key}={value}" for key, value in model_options(name).items())
        lines.append(f"  {name:<14} {shown}")
    lines.append("data sets")
    for name in data_names():
        description = describe_data(name)
        parts = ", ".join(f"{part} {count}" for part, count in description.parts.items())
        lines.append(f"  {name:<14} {description.title}; {parts}")
    return "\n".join(lines)


def config_of(options: argparse.Namespace, recipe: Recipe) -> Config:
    """The recipe's choices, overruled by those of the command line; no crop larger than a picture.

    Examples
    --------
    >>> config_of(argparse.Namespace(epochs=3, seed=None), Recipe(Config(seed=7))).epochs
    3
    """
    given = {
        choice.name: getattr(options, choice.name, None) for choice in dataclasses.fields(Config)
    }
    config = dataclasses.replace(
        recipe.config, **{name: value for name, value in given.items() if value is not None}
    )
    how = config.augmentation
    if how is None or how.crop is None or config.size is None:
        return config
    crop = min(how.crop[0], config.size[0]), min(how.crop[1], config.size[1])
    return dataclasses.replace(config, augmentation=dataclasses.replace(how, crop=crop))


def option_of(text: str) -> tuple[str, Any]:
    """A model's option as it is typed: NAME=VALUE.

    Raises
    ------
    ValueError
        If there is no =.

    Examples
    --------
    >>> option_of("width=8"), option_of("batch_norm=true"), option_of("join=sum")
    (('width', 8), ('batch_norm', True), ('join', 'sum'))
    """
    name, sign, value = text.partition("=")
    if not sign:
        raise ValueError(f"an option of the model must be NAME=VALUE, got {text!r}: width=32.")
    try:
        return name, json.loads(value.lower())
    except json.JSONDecodeError:
        return name, value


def _train(options: argparse.Namespace) -> int:
    recipe = RECIPES.get(options.data, Recipe())
    config = config_of(options, recipe)
    torch.set_num_threads(config.threads or torch.get_num_threads())
    out = _folder(options)
    train, val, test = _parts(options, recipe, config)
    suits = model_options(options.model)
    chosen = {name: value for name, value in recipe.options.items() if name in suits}
    chosen |= dict(map(option_of, options.option))
    described = {"name": options.model, "num_classes": train.num_classes, **chosen}
    torch.manual_seed(config.seed)
    model = build_model(**described)
    details = {"model": described, "data": options.data, "config": config.to_json()}
    done = fit(
        model,
        train,
        val,
        config,
        out=out,
        resume=options.resume,
        report=PlainReport(),
        details=details,
    )
    write_atomically(out / "config.json", _json(details))
    write_atomically(out / "curves.png", to_png(draw_curves(done.history)))
    if done.stopped:
        print(f"{out} holds the best model so far; --resume goes on.")
        return 130
    _finish(done, test, config, out)
    return 0


def _finish(done: Run, test: SegmentationData, config: Config, out: Path) -> None:
    """Score the test part, and draw some of it."""
    scores = evaluate(
        done.model, test, size=config.size, device=config.device, batch_size=config.batch_size
    )
    write_atomically(out / "scores.json", _json(_scores_as_json(scores, test)))
    images, label_maps, _ = test.take(range(min(6, len(test)))).arrays(config.size)
    predictions = predict(done.model, images, device=config.device)
    figure = draw_predictions(
        images, label_maps, predictions, class_names=test.class_names, palette=test.palette
    )
    write_atomically(out / "predictions.png", to_png(figure))
    for name, iou in zip(test.class_names, scores.iou_per_class, strict=True):
        print(f"  IoU {iou:.3f}  {name}")
    print(f"{test.part}: mean IoU {scores.mean_iou:.4f} on {len(test)} pictures. All in {out}.")


def _parts(
    options: argparse.Namespace, recipe: Recipe, config: Config
) -> tuple[SegmentationData, SegmentationData, SegmentationData]:
    """Training, validation and test part; of data without a test part the validation's again."""
    where = {} if options.root is None else {"root": options.root}
    known = describe_data(options.data).parts
    train = load_data(options.data, count=options.pictures or recipe.pictures, **where)
    val = load_data(options.data, "val", **where)
    return train, val, load_data(options.data, "test", **where) if "test" in known else val


def _folder(options: argparse.Namespace) -> Path:
    """The folder of the run; one that holds a run is taken only to go on with it."""
    if options.out is not None:
        out = options.out
    else:
        base = Path("runs") / f"{options.model}-{options.data}"
        names = [base, *(base.with_name(f"{base.name}-{n}") for n in range(2, 1000))]
        taken = [path for path in names if (path / LAST).exists()]
        free = (path for path in names if not (path / LAST).exists())
        out = taken[-1] if options.resume and taken else next(free)
    if (out / LAST).exists() and not options.resume:
        raise ValueError(
            f"{out} holds a run. Add --resume to go on with it, or give another --out; to start "
            "anew, delete the folder."
        )
    return out


def _scores_as_json(scores: Scores, data: SegmentationData) -> dict[str, Any]:
    per_class = {
        name: None if iou != iou else float(iou)
        for name, iou in zip(data.class_names, scores.iou_per_class, strict=True)
    }
    return {
        "part": data.part,
        "pictures": len(data),
        "mean_iou": scores.mean_iou,
        "accuracy": scores.accuracy,
        "loss": scores.loss,
        "iou_per_class": per_class,
    }


def _json(content: Any) -> bytes:
    return f"{json.dumps(content, indent=1)}\n".encode()
