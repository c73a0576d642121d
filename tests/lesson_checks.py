"""What the tests of the checks share: every lesson's exercises, its solution, and verdicts.

A lesson's own test file, ``test_checks_lessonNN.py``, holds what is special to it:
`OTHER_RIGHT_ANSWERS`, pairs of an exercise's number and a function that must pass, `EQUIVALENT`,
pairs of a number and a change to the solution that leaves every result the same, and, where that
helps, `MUTATED_NAMES`, the names of the solution that a mutant exchanges for others.
"""

import ast
import functools
import importlib
import inspect
import itertools
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from course_utils.checks.check import find_exercise
from course_utils.checks.exercise import judge
from course_utils.places import course_root

SOURCES = sorted((course_root() / "solutions" / "source").glob("[0-9][0-9]_*.py"))


@dataclass(frozen=True)
class Lesson:
    """A lesson with exercises: its solution's source, and what checks it."""

    source: Path

    @property
    def slug(self) -> str:
        return self.source.stem

    @property
    def checks(self) -> ModuleType:
        return importlib.import_module(f"course_utils.checks.lesson{self.slug[:2]}")

    @property
    def own_tests(self) -> ModuleType:
        return importlib.import_module(f"test_checks_lesson{self.slug[:2]}")

    @functools.cached_property
    def text(self) -> str:
        return self.source.read_text(encoding="utf-8")

    @functools.cached_property
    def check_calls(self) -> list[ast.Call]:
        """Every `check(...)` of the sheet, hidden tests included."""
        return [
            node
            for node in ast.walk(ast.parse(self.text))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "check"
        ]

    @functools.cached_property
    def answers(self) -> dict[str, str]:
        """Name of the function that answers each exercise."""
        return {ast.literal_eval(c.args[0]): ast.unparse(c.args[1]) for c in self.check_calls}

    @functools.cached_property
    def code(self) -> ast.Module:
        """The solution's functions and constants, without its checks and pictures."""
        tree = ast.parse(self.text)
        kept = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.Assign
        tree.body = [node for node in tree.body if isinstance(node, kept)]
        return tree

    @functools.cached_property
    def solution(self) -> dict[str, Any]:
        """The solution's names, by running `code`."""
        names: dict[str, Any] = {}
        exec(compile(self.code, self.slug, "exec"), names)
        return names

    def function(self, number: str) -> ast.FunctionDef:
        """The function that answers an exercise, as syntax tree."""
        (found,) = (
            node
            for node in self.code.body
            if isinstance(node, ast.FunctionDef) and node.name == self.answers[number]
        )
        return found

    def lines_of_code(self) -> list[str]:
        """Lines of the checks and of the solution that say how an answer is computed."""
        lines = [*inspect.getsource(self.checks).splitlines(), *self.text.splitlines()]
        return [line.strip() for line in lines if len(line.strip()) > 12 and "=" in line]


LESSONS = {source.stem[:2]: Lesson(source) for source in SOURCES}
NUMBERS = [number for lesson in LESSONS.values() for number in lesson.checks.EXERCISES]


def lesson_of(number: str) -> Lesson:
    """The lesson that has an exercise, by the exercise's number."""
    return LESSONS[number.partition(".")[0].zfill(2)]


def groups(number: str, seed: int = 0) -> dict[str, list]:
    """An exercise's cases by aspect."""
    return find_exercise(number).cases(np.random.default_rng(seed))


def all_cases(number: str, seed: int = 0) -> list:
    """An exercise's cases in one list."""
    return list(itertools.chain(*groups(number, seed).values()))


def verdicts(number: str, answer: Any, *, seed: int = 0, reveal: bool = True) -> list:
    """What each aspect says, without the aspects where the answer is right."""
    found = (
        judge(find_exercise(number), answer, cases, reveal=reveal)
        for cases in groups(number, seed).values()
    )
    return [problem for problem in found if problem is not None]


def run(notebook: Any) -> list[list[list[str]]]:
    """Run a notebook in a kernel of its own; the errors of each code cell, as shown lines."""
    from nbclient import NotebookClient

    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    NotebookClient(notebook, timeout=120, allow_errors=True).execute()
    return [
        [output.traceback for output in cell.outputs if output.output_type == "error"]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
