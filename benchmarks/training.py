"""How fast is a step of `fit` beside a plain PyTorch loop?

    python benchmarks/training.py [--threads N]

Needs nothing but the course. All candidates train the same U-Net on the same batches of digits,
from the same weights, and must come to the same loss before anything is timed. Ours gathers its
batch from bytes, as in `fit`; so does the plain loop, through torch's DataLoader.
"""

import argparse

import numpy as np
import torch
from side_by_side import machine, patiently, print_timings, run, time_side_by_side, write_results
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from course_utils.datasets.registry import load_data
from course_utils.models.unet import UNet
from course_utils.training_config import Config, has_amx
from course_utils.training_loop import TrainingLoop

CASES = [(16, 128), (8, 64)]
"""Batch size, and side of the pictures."""
STEPS_COMPARED = 3
ROUNDS = 9


def make_network():
    """The U-Net of lesson 12, for 11 classes, with the same weights each time."""
    torch.manual_seed(0)
    return UNet(11, batch_norm=True)


def our_step(data, batch_size, **choices):
    """A step of `fit`, which begins a new epoch when one is over; gives the loss."""
    config = Config(
        epochs=10**6,
        batch_size=batch_size,
        schedule="constant",
        warmup=0.0,
        device="cpu",
        **choices,
    )
    loop = TrainingLoop(make_network(), data, data.take([0]), config)
    batches = iter(())

    def step():
        nonlocal batches
        try:
            batch = next(batches)
        except StopIteration:
            loop.state.step_in_epoch = 0
            batches = loop.batches()
            batch = next(batches)
        loop.learn(batch)
        return loop.state.losses[loop.state.step_in_epoch - 1].item()

    return step


def plain_step(data, batch_size, channels_last=False):
    """A step as tutorials write it; gives the loss."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = make_network().to(memory_format=layout).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=1e-2)
    images, label_maps, _ = (torch.from_numpy(array) for array in data.arrays())
    loader = DataLoader(TensorDataset(images, label_maps), batch_size, shuffle=True, drop_last=True)
    batches = iter(())

    def step():
        nonlocal batches
        try:
            image, target = next(batches)
        except StopIteration:
            batches = iter(loader)
            image, target = next(batches)
        logits = network((image.float() / 255).contiguous(memory_format=layout))
        loss = functional.cross_entropy(logits, target.long(), ignore_index=255)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def candidates(batch_size, side):
    """The ways to train, by name; ours first."""
    one_batch = load_data("digits", count=batch_size, size=(side, side))
    many = load_data("digits", count=2 * batch_size, size=(side, side))
    ways = {"course_utils, fp32": (our_step, {"precision": "fp32"})}
    if has_amx():
        ways["course_utils, bf16"] = (our_step, {"precision": "bf16"})
    ways["plain loop"] = (plain_step, {})
    ways["plain loop, channels_last"] = (plain_step, {"channels_last": True})
    losses = {}
    for name, (make, options) in ways.items():
        step = make(one_batch, batch_size, **options)
        losses[name] = [step() for _ in range(STEPS_COMPARED)]
    for name, values in losses.items():
        np.testing.assert_allclose(values, losses["plain loop"], rtol=0.02, err_msg=name)
    return {name: make(many, batch_size, **options) for name, (make, options) in ways.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    torch.set_num_threads(parser.parse_args().threads)
    here = machine("torch", "numpy") | {"threads": torch.get_num_threads(), "amx": has_amx()}
    print(here)
    cases = {}
    for batch_size, side in CASES:
        title = f"a step of {batch_size} pictures of {side} x {side}"
        ways = candidates(batch_size, side)
        cases[title] = patiently(time_side_by_side, ways, rounds=ROUNDS)
        print_timings(title, cases[title])
    question = "A training step of a U-Net with 1,944,219 parameters"
    write_results("training", question, {"machine": here, "cases": cases})


if __name__ == "__main__":
    run(main)
