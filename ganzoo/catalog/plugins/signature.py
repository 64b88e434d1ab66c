"""Signatures of plugins: summary and parameters, read from the source without importing it.

`ganzoo list`, `info` and the check of a recipe's keys need a function's summary and
parameters before any framework is imported. They stand in the source: it is parsed, not run.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ganzoo.catalog.plugins.source_code import package_folders, parse_module


class Missing(Enum):
    """The type of `MISSING`, which is the default of a parameter that has none to show."""

    MISSING = "MISSING"

    def __repr__(self) -> str:
        return self.name


MISSING = Missing.MISSING


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a plugin's function.

    Args:
        name: Its name, which is a recipe key.
        required: Whether it has no default.
        default: Its default, if that is a literal; else `MISSING`.
        annotation: Its annotation as the source writes it; "" if there is none.
        description: What the docstring says of it under `Args:`; "" if nothing.
    """

    name: str
    required: bool
    default: object = MISSING
    annotation: str = ""
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A plugin's parameters, as far as its source tells.

    Args:
        summary: The first line of its docstring; "" if there is none.
        parameters: By name, in the order of the source. Without positional-only ones,
            which no recipe key can reach.
        open: Whether it takes other keywords too, or could not be read.
    """

    summary: str
    parameters: Mapping[str, Parameter]
    open: bool


UNREADABLE = Signature(summary="", parameters={}, open=True)
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_MAX_HOPS = 5  # from module to module, until the definition is met
_ARGUMENT = re.compile(r"\*{0,2}(\w+)(?: \([^)]*\))?:\s*")  # `name: ...`, `name (int): ...`


def read_signature(module: str, attribute: str) -> Signature:
    """Return the signature of an object in a module; an open one if its source cannot tell.

    A class is read by its `__init__`; a name that comes from another module is followed.

    Args:
        module: The dotted name of a module.
        attribute: A function or class in it; a dot leads into a class.
    """
    path = attribute.split(".")
    node = _find_definition(module, path[0])
    owner = None
    for name in path[1:]:
        owner = node
        node = _last_binding(node.body, name) if isinstance(node, ast.ClassDef) else None
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        bound = owner is not None and "staticmethod" not in map(_identifier, node.decorator_list)
        return _function_signature(node, bound=bound)
    if isinstance(node, ast.ClassDef):
        init = _last_binding(node.body, "__init__")
        if isinstance(init, ast.FunctionDef):
            read = _function_signature(init, bound=True, documented=node)
            return replace(read, summary=_docstring_summary(node) or read.summary)
        made = bool(node.bases or node.keywords or node.decorator_list)
        return Signature(summary=_docstring_summary(node), parameters={}, open=made)
    return UNREADABLE


def api_version(module: str) -> int | str | None:
    """Return the interface version that a module declares (`GANZOO_API = 1`), or None.

    A declaration that is not a whole number comes back as the text of the source.
    """
    tree = parse_module(module)
    node = _last_binding(tree.body, "GANZOO_API") if tree else None
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return None
    version = _literal_value(node.value)
    return version if type(version) is int else ast.unparse(node.value)


def _find_definition(module: str, name: str) -> ast.stmt | None:
    """The statement that defines a module's name, also if it is in another module."""
    for _ in range(_MAX_HOPS):
        tree = parse_module(module)
        node = _last_binding(tree.body, name) if tree else None
        if not isinstance(node, ast.ImportFrom):
            return node
        alias = next(a for a in node.names if (a.asname or a.name) == name)
        module, name = _absolute_module(module, node), alias.name
    return None


def describe_arguments(docstring: str) -> dict[str, str]:
    """Return what a docstring says of each argument under `Args:`, on one line each.

    Args:
        docstring: A docstring as Google writes them, its indentation removed.
    """
    found: dict[str, str] = {}
    name = margin = None
    for line in docstring.partition("\nArgs:\n")[2].splitlines():
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if text and indent == 0:
            break  # the next section
        margin = indent if margin is None and text else margin
        entry = _ARGUMENT.match(text) if indent == margin else None
        if entry:
            name = entry[1]
            found[name] = text[entry.end() :]
        elif name and text:
            found[name] = f"{found[name]} {text}".strip()
    return found


def _absolute_module(module: str, node: ast.ImportFrom) -> str:
    """The module that an import statement inside `module` means."""
    if node.level == 0:
        return node.module or ""
    parents = module.split(".")
    if not package_folders(module):  # a plain module: its parent is the first dot
        parents.pop()
    base = parents[: len(parents) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def _last_binding(body: Sequence[ast.stmt], name: str) -> ast.stmt | None:
    """The last statement of a body that gives the name its value."""
    for node in reversed(body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found = node.name == name
        elif isinstance(node, ast.ImportFrom):
            found = any((alias.asname or alias.name) == name for alias in node.names)
        elif isinstance(node, ast.Assign):
            found = any(_identifier(target) == name for target in node.targets)
        elif isinstance(node, ast.AnnAssign):
            found = _identifier(node.target) == name
        else:
            found = False
        if found:
            return node
    return None


def _function_signature(
    node: _Function, *, bound: bool, documented: ast.ClassDef | None = None
) -> Signature:
    given = node.args
    descriptions = describe_arguments(ast.get_docstring(documented or node) or "")
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + list(given.defaults)
    pairs = list(zip(positional, defaults, strict=True))
    pairs = pairs[max(len(given.posonlyargs), int(bound)) :]
    pairs += zip(given.kwonlyargs, given.kw_defaults, strict=True)
    return Signature(
        summary=_docstring_summary(node),
        parameters={
            argument.arg: Parameter(
                name=argument.arg,
                required=default is None,
                default=MISSING if default is None else _literal_value(default),
                annotation=ast.unparse(argument.annotation) if argument.annotation else "",
                description=descriptions.get(argument.arg, ""),
            )
            for argument, default in pairs
        },
        open=given.kwarg is not None,
    )


def _literal_value(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return MISSING


def _docstring_summary(node: ast.ClassDef | _Function) -> str:
    """The first line of the docstring."""
    lines = (ast.get_docstring(node) or "").splitlines()
    return lines[0].strip() if lines else ""


def _identifier(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""
