"""Wrong answers made by machine: every function that differs from the solution's in one place."""

import ast
import copy
import itertools
from collections.abc import Iterator, Mapping

OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
}
NAMES = {
    "nanmean": "mean",
    "nansum": "sum",
    "mean": "sum",
    "sum": "mean",
    "trace": "sum",
    "min": "max",
    "max": "min",
    "argmin": "argmax",
    "argmax": "argmin",
    "minimum": "maximum",
    "maximum": "minimum",
    "target": "prediction",
    "prediction": "target",
    "true": "found",
    "found": "true",
    "tp": "tn",
    "fp": "fn",
    "precision": "recall",
    "predicted": "true",
    "overlap": "union",
}


def mutants(
    function: ast.FunctionDef, names: Mapping[str, str] | None = None
) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield each mutant of a function with its change in words; `names` adds to `NAMES`."""
    for place in itertools.count():
        mutation = _Mutation(place, {**NAMES, **(names or {})})
        changed = mutation.visit(copy.deepcopy(function))
        if not mutation.done:
            return
        if ast.dump(changed) != ast.dump(function):
            yield mutation.done, ast.fix_missing_locations(changed)


class _Mutation(ast.NodeTransformer):
    """Change the n-th place of a function that can be changed; `done` says what was changed."""

    def __init__(self, place, names):
        self.place, self.names, self.done = place, names, ""

    def _turn(self, node, change):
        if self.place == 0:
            before = ast.unparse(node)
            node = change(node)
            self.done = f"{before} -> {ast.unparse(node)}"
        self.place -= 1
        return node

    def visit_BinOp(self, node):
        self.generic_visit(node)
        return self._turn(node, self._operator) if type(node.op) in OPERATORS else node

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        return self._turn(node, lambda n: ast.BoolOp(OPERATORS[type(n.op)](), n.values))

    def visit_Compare(self, node):
        self.generic_visit(node)
        return self._turn(node, self._comparison) if type(node.ops[0]) in OPERATORS else node

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        return self._turn(node, lambda n: n.operand)

    def visit_Constant(self, node):
        if isinstance(node.value, bool):
            return self._turn(node, lambda n: ast.Constant(not n.value))
        if not isinstance(node.value, int | float):
            return node
        step = 0.05 if isinstance(node.value, float) else 1
        return self._turn(node, lambda n: ast.Constant(n.value + step))

    def visit_Name(self, node):
        if node.id not in self.names or not isinstance(node.ctx, ast.Load):
            return node
        return self._turn(node, lambda n: ast.Name(self.names[n.id], ast.Load()))

    def visit_Attribute(self, node):
        self.generic_visit(node)
        if node.attr not in self.names:
            return node
        return self._turn(node, lambda n: ast.Attribute(n.value, self.names[n.attr], n.ctx))

    def visit_Call(self, node):
        self.generic_visit(node)
        if len(node.args) < 2:
            return node
        swap = [node.args[1], node.args[0], *node.args[2:]]
        return self._turn(node, lambda n: ast.Call(n.func, swap, n.keywords))

    def visit_Tuple(self, node):
        self.generic_visit(node)
        if len(node.elts) < 2 or not isinstance(node.ctx, ast.Load):
            return node
        return self._turn(node, lambda n: ast.Tuple([*n.elts[1:], n.elts[0]], n.ctx))

    def visit_Subscript(self, node):
        self.generic_visit(node)
        return self._turn(node, lambda n: n.value) if ast.unparse(node.slice) == "counted" else node

    def _operator(self, node):
        return ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)

    def _comparison(self, node):
        return ast.Compare(
            node.left, [OPERATORS[type(node.ops[0])](), *node.ops[1:]], node.comparators
        )
