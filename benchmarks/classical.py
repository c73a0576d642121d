"""What do the classical methods earn, and what do they cost?

    python benchmarks/classical.py             all of it
    python benchmarks/classical.py peers       how fast are ours beside other libraries?
    python benchmarks/classical.py pictures    what do the methods earn on real pictures?
    python benchmarks/classical.py convolution how fast is lesson 06's convolution?

Needs nothing but the course. One part keeps the others of results/classical.json, if that was
written on the same machine. How the methods are scored is `RULE`; what they are stands in
classical_methods.py, the peers in classical_peers.py and classical_convolution.py.
"""

import argparse
import contextlib
import json
import statistics

import numpy as np
from classical_convolution import convolution
from classical_figure import draw_figure
from classical_methods import (
    CEILING,
    INSTANCE_METHODS,
    METHODS,
    NO_SPLIT,
    Method,
    UndefinedError,
)
from classical_peers import peers
from side_by_side import (
    LARGEST_SPREAD,
    RESULTS,
    TooNoisyError,
    machine,
    patiently,
    run,
    time_side_by_side,
    write_json,
)
from skimage.color import rgb2hed

from course_utils.datasets.coin_scenes import coin_scene
from course_utils.datasets.pictures import load_picture, picture_names
from course_utils.labels import IGNORE_INDEX
from course_utils.metrics import instance_average_precision, mask_iou
from course_utils.thresholding import grey_levels

RULE = (
    "A method splits a picture into groups of pixels and knows no classes. The truth then names "
    "each group: object if more than half of its scored pixels are, else background. Object is "
    "every class but background; void pixels are not scored. The score is the IoU of object over "
    "the picture. So an oracle does the naming: of all namings of these groups it is the one with "
    "the fewest wrong pixels, and with many small groups it does most of the work. 'no split' is "
    "one group, what the naming earns alone; 'best threshold' is the best of all single "
    "thresholds, chosen with the truth; 'SLIC 400 alone' has hundreds of groups and is a ceiling, "
    "no method. An IoU of null: the method gives no answer; means count it as 0. All parameters "
    "are the same for all pictures. Milliseconds are medians, from the picture as stored to the "
    "groups; the naming is not timed."
)
ROUNDS = 7
BEST_THRESHOLD = Method("best threshold", "02", 2, lambda image: grey_levels(image) > 127)
"""Timed with any threshold, scored with the best one: it stands for all that there are."""
REFERENCES = {"best threshold": "oracle", "no split": "floor", "SLIC 400 alone": "ceiling"}
ALL_METHODS = (*METHODS, BEST_THRESHOLD, NO_SPLIT, CEILING)


def object_and_scored(picture):
    """The mask of all objects, and the mask of the pixels that are not void."""
    return picture.label_map > 0, picture.label_map != IGNORE_INDEX


def name_groups(groups, is_object, scored):
    """Mask of the groups more than half of whose scored pixels are object."""
    count = int(groups.max()) + 1
    pixels = np.bincount(groups[scored], minlength=count)
    objects = np.bincount(groups[scored & is_object], minlength=count)
    return (2 * objects > pixels)[groups]


def score(groups, picture):
    """IoU of the groups that the truth names object."""
    is_object, scored = object_and_scored(picture)
    return mask_iou(is_object, name_groups(groups, is_object, scored), scored=scored)


def best_threshold_score(picture):
    """The best IoU that a single global threshold can earn, found by trying all."""
    grey = grey_levels(picture.image)
    return max(score((grey > level).astype(int), picture) for level in range(255))


def score_method(method, picture):
    """IoU (None: the method gives no answer) and number of groups of a method on a picture."""
    if method is BEST_THRESHOLD:
        return best_threshold_score(picture), 2
    try:
        groups = method.split(picture.image)
    except UndefinedError:
        return None, None
    return score(groups, picture), len(np.unique(groups))


def answer(method, image):
    """Call a method for its time: that it finds no answer is found out in some time, too."""
    with contextlib.suppress(UndefinedError):
        method.split(image)


def time_some(calls):
    """Time a few rounds of many calls: one may be disturbed, but not half of them."""
    timings = time_side_by_side(calls, rounds=ROUNDS, largest_spread=np.inf)
    spread = statistics.median(timing["spread"] for timing in timings.values())
    if spread > LARGEST_SPREAD:
        raise TooNoisyError(
            f"half of the calls must have a spread of at most {LARGEST_SPREAD:.0%}, got "
            f"{spread:.0%}. Close other programs and run again; nothing was written."
        )
    return timings


def compare_on(name):
    """Score and time of every method on one picture."""
    picture = load_picture(name)
    calls = {method.name: lambda m=method: answer(m, picture.image) for method in ALL_METHODS}
    timings = patiently(time_some, calls)
    cases = []
    for method in ALL_METHODS:
        iou, groups = score_method(method, picture)
        cases.append(
            {
                "method": method.name,
                "picture": name,
                "iou": None if iou is None else round(iou, 4),
                "milliseconds": timings[method.name]["milliseconds"],
                "spread": timings[method.name]["spread"],
                "groups": groups,
            }
        )
    return cases


def instance_pictures():
    """Name, grey levels (objects bright), instance map and scored mask of every picture."""
    coins = load_picture("coins")
    found = [("coins", coins.image, coins.instance_map, coins.label_map != IGNORE_INDEX)]
    for light, unevenness in (("even light", 0.0), ("uneven light", 1.0)):
        for seed in range(3):
            scene = coin_scene(seed, unevenness=unevenness)
            title = f"touching coins {seed}, {light}"
            found.append((title, scene.image, scene.instance_map, scene.label_map != IGNORE_INDEX))
    return [*found, ("nuclei", *nuclei())]


def nuclei():
    """The blue stain of the tissue in which single nuclei are annotated.

    Only background and nuclei are scored there: the nuclei inside of glands have no outlines.
    """
    tissue, window = load_picture("immunohistochemistry"), np.s_[210:312, 85:370]
    nucleus = tissue.class_names.index("nucleus")
    stain = rgb2hed(tissue.image)[..., 0][window]
    grey = np.rint(255 * (stain - stain.min()) / np.ptp(stain)).astype(np.uint8)
    label_map = tissue.label_map[window]
    instance_map = np.where(label_map == nucleus, tissue.instance_map[window], 0)
    return grey, instance_map, (label_map == 0) | (label_map == nucleus)


def average_precision(instance_map, found, scored):
    """AP at IoU 0.5; an object found with less than half of its pixels scored does not count."""
    pixels, inside = (
        np.bincount(found.ravel()),
        np.bincount(found[scored], minlength=found.max() + 1),
    )
    return instance_average_precision(
        instance_map, np.where((2 * inside >= pixels)[found], found, 0)
    )


def compare_instances(name, grey, instance_map, scored):
    """AP and time of every instance method on one picture."""
    calls = {method: lambda f=find: f(grey) for method, find in INSTANCE_METHODS.items()}
    timings = patiently(time_some, calls)
    return [
        {
            "method": method,
            "picture": name,
            "ap": round(average_precision(instance_map, find(grey), scored), 4),
            "milliseconds": timings[method]["milliseconds"],
            "spread": timings[method]["spread"],
        }
        for method, find in INSTANCE_METHODS.items()
    ]


def pictures():
    """The comparison of all methods on all pictures."""
    sizes, shares, cases = {}, {}, []
    for name in picture_names():
        is_object, scored = object_and_scored(load_picture(name))
        sizes[name] = round(scored.size / 1e6, 4)
        shares[name] = round(float(is_object[scored].mean()), 4)
        cases += compare_on(name)
    instances = [
        case
        for instance_picture in instance_pictures()
        for case in compare_instances(*instance_picture)
    ]
    methods = [
        {
            "name": method.name,
            "lesson": method.lesson,
            "groups": method.groups,
            "kind": REFERENCES.get(method.name, "method"),
        }
        for method in ALL_METHODS
    ]
    return {
        "rule": RULE,
        "methods": methods,
        "pictures": list(sizes),
        "megapixels": sizes,
        "object_share": shares,
        "cases": cases,
        "instances": instances,
    }


def summary(result):
    """Mean score and median milliseconds per megapixel of every method, as lines of text."""
    lines = []
    for method in result["methods"]:
        of_method = [case for case in result["cases"] if case["method"] == method["name"]]
        iou = statistics.mean(case["iou"] or 0 for case in of_method)
        cost = statistics.median(
            case["milliseconds"] / result["megapixels"][case["picture"]] for case in of_method
        )
        lines.append(f"  {method['name']:32} mean IoU {iou:.2f}, {cost:8.1f} ms per megapixel")
    for case in result["instances"]:
        lines.append(
            f"  {case['picture']:32} AP {case['ap']:.2f}, {case['milliseconds']:7.1f} ms, "
            f"{case['method']}"
        )
    return "\n".join(lines)


def kept_results(here):
    """What an earlier run on this machine wrote; nothing if there is none."""
    path = RESULTS / "classical.json"
    result = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return result if result.get("machine") == here else {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parts = ("peers", "pictures", "convolution")
    parser.add_argument("part", nargs="?", choices=parts, help="default: all")
    part = parser.parse_args().part
    here = machine("numpy", "scipy", "scikit-image", "scikit-learn")
    print(here)
    found = {}
    if part in (None, "peers"):
        found["peers"] = peers()
    if part in (None, "convolution"):
        found["convolution"] = convolution()
    if part in (None, "pictures"):
        found |= pictures()
        print(summary(found))
    question = __doc__.partition("\n")[0]
    result = {"question": question, **kept_results(here), "machine": here, **found}
    write_json("classical", result)
    if "cases" in result:
        draw_figure(result).savefig(RESULTS / "classical.png")


if __name__ == "__main__":
    run(main)
