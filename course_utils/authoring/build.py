"""Build the notebooks: run what changed, write each file whole or not at all."""

import asyncio
import os
import time
from collections.abc import Collection
from pathlib import Path

import nbformat

from course_utils.authoring.check import cells_hash, drift, problems
from course_utils.authoring.execute import BuildError, execute, keep_measured
from course_utils.authoring.exercise import exercise_from_solution
from course_utils.authoring.fingerprint import fingerprint
from course_utils.authoring.lesson_list import lesson_list
from course_utils.authoring.source import Derived, derived_notebooks, read_source

AT_A_TIME = 2


def build(root: Path, slugs: Collection[str] = (), *, everything: bool = False) -> list[str]:
    """Build the notebooks that changed, their exercises and the lesson list.

    Two notebooks run at a time, each in its own kernel; one that fails stays as it was.

    Parameters
    ----------
    root : Path
        The course's folder.
    slugs : collection of str
        Build only these; all of them if empty.
    everything : bool
        Run also what did not change.

    Returns
    -------
    list of str
        One entry per problem; none if all is well.
    """
    chosen = [each for each in derived_notebooks(root) if not slugs or each.source.stem in slugs]
    if unknown := set(slugs) - {each.source.stem for each in chosen}:
        return [f"{', '.join(sorted(unknown))}: no such source. Name one without folder and .py."]
    to_run = [
        each for each in chosen if each.kind != "exercise" and (everything or drift(root, each))
    ]
    failed = asyncio.run(_run_all(root, to_run))
    for each in chosen:
        if each.kind == "exercise":
            try:
                exercise = exercise_from_solution(read_source(each.source, graded=True))
                _write(root, each.path, nbformat.writes(exercise) + "\n")
            except (ValueError, RuntimeError) as error:
                failed[each.path] = f"{each.source.relative_to(root).as_posix()}: {error}"
    try:
        _write(root, root / "notebooks/README.md", lesson_list(root))
    except ValueError as error:
        failed[root] = str(error)
    wrong = [line for each in chosen if each.path not in failed for line in problems(root, each)]
    return [*dict.fromkeys(failed.values()), *wrong]


async def _run_all(root: Path, notebooks: list[Derived]) -> dict[Path, str]:
    """Run notebooks and write them; return which failed, and why."""
    turn, failed = asyncio.Semaphore(AT_A_TIME), dict[Path, str]()

    async def run(number: int, each: Derived) -> None:
        async with turn:
            label = f"[{number}/{len(notebooks)}] {each.path.relative_to(root).as_posix()}"
            print(f"{label} ...", flush=True)
            start = time.perf_counter()
            try:
                await _run(root, each)
            except (BuildError, ValueError) as error:
                failed[each.path] = f"{each.source.relative_to(root).as_posix()}: {error}"
            ending = "not built, stays as it was" if each.path in failed else "built"
            print(f"{label}: {ending}, {time.perf_counter() - start:.1f} s", flush=True)

    await asyncio.gather(*(run(number, each) for number, each in enumerate(notebooks, start=1)))
    return failed


async def _run(root: Path, each: Derived) -> None:
    """Run one notebook and write it, with the hashes by which `check` knows it again."""
    made_from = fingerprint(root, each.source)
    notebook = read_source(each.source, graded=each.kind == "solution")
    await execute(notebook, each.path.parent)
    if each.path.exists():
        keep_measured(notebook, nbformat.read(each.path, as_version=4))
    notebook = nbformat.reads(nbformat.writes(notebook), as_version=4)  # as it is read again
    notebook.metadata["course"] = {"made_from": made_from, "cells": cells_hash(notebook)}
    _write(root, each.path, nbformat.writes(notebook) + "\n")


def _write(root: Path, path: Path, text: str) -> None:
    """Write a file that changed: whole, or not at all if we are killed meanwhile."""
    content = text.encode()
    if path.exists() and path.read_bytes() == content:
        return
    draft = root / ".build" / f"{path.name}.{os.getpid()}"
    draft.parent.mkdir(exist_ok=True)
    draft.write_bytes(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(draft, path)
