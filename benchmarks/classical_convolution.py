"""How fast is the convolution that lesson 06 writes, in loops and as a matrix product?

The functions are those of the lesson's own source, so what is timed is what students read. Every
answer is compared with PyTorch's before anything is timed.
"""

import ast
import importlib.metadata

import numpy as np
import torch
from scipy import signal
from side_by_side import patiently, print_timings, time_side_by_side
from torch.nn import functional

from course_utils.datasets.pictures import load_picture
from course_utils.geometry import conv_output_size
from course_utils.places import course_root

LESSON = course_root() / "notebooks" / "source" / "06_convolution.py"
TAUGHT = ("conv2d_loops", "im2col", "conv2d_matrix", "conv2d_torch", "conv2d_scipy")
LAYERS = {  # channels, rows, columns; filters; side of the kernel; padding
    "the lesson's layer, cat's eye 3 x 80 x 90, 8 filters 5 x 5": ((3, 80, 90), 8, 5, 0),
    "a network's layer, 32 x 32 x 32, 64 filters 3 x 3, padding 1": ((32, 32, 32), 64, 3, 1),
}


def convolution():
    """Version of torch, its threads, and timings by title of the layer."""
    cases = {}
    for title, layer in LAYERS.items():
        cases[title] = patiently(time_side_by_side, conv_ways(*layer), rounds=9, warm=True)
        print_timings(title, cases[title])
    threads = torch.get_num_threads()
    return {"torch": importlib.metadata.version("torch"), "threads": threads, "cases": cases}


def taught():
    """The lesson's functions by name, by running their definitions and nothing else."""
    tree = ast.parse(LESSON.read_text(encoding="utf-8"))
    tree.body = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in TAUGHT]
    names = {
        "np": np,
        "torch": torch,
        "signal": signal,
        "functional": functional,
        "conv_output_size": conv_output_size,
    }
    exec(compile(tree, LESSON.name, "exec"), names)
    return {name: names[name] for name in TAUGHT}


def conv_ways(shape, count, side, padding):
    """Ways to the same maps, by name; the lesson's matrix product first."""
    rng = np.random.default_rng(0)
    filters, bias = rng.normal(size=(count, shape[0], side, side)), rng.normal(size=count)
    inputs = rng.random(shape)
    if shape[0] == 3:
        eye = load_picture("cat").image[60 : 60 + shape[1], 110 : 110 + shape[2]]
        inputs = eye.transpose(2, 0, 1) / 255
    lesson = taught()
    double = (inputs, filters, bias)
    single = tuple(array.astype(np.float32) for array in double)
    ends = [(0, 0), (padding, padding), (padding, padding)]
    ways = {
        "lesson, matrix product": lambda: lesson["conv2d_matrix"](*double, 1, padding),
        "lesson, loops": lambda: lesson["conv2d_loops"](*double, 1, padding),
        "SciPy, channel by channel": lambda: lesson["conv2d_scipy"](
            np.pad(inputs, ends), *double[1:]
        ),
        "PyTorch, float64": lambda: lesson["conv2d_torch"](*double, 1, padding),
        "PyTorch, float32": lambda: lesson["conv2d_torch"](*single, 1, padding),
    }
    expected = ways["PyTorch, float64"]()
    for name, way in ways.items():
        tolerance = 1e-3 if "float32" in name else 1e-6
        np.testing.assert_allclose(way(), expected, atol=tolerance, err_msg=name)
    return ways
