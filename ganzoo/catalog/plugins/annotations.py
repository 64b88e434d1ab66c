"""Whether a value fits an annotation, as far as its text tells. Nothing is evaluated."""

import ast

_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "dict": "a table",
    "list": "a list",
    "tuple": "a list",
    "Sequence": "a list",
    "None": "left out",
}


def fits(annotation: str, value: object) -> bool:
    """Whether the annotation takes a TOML value; True where this cannot be told.

    Args:
        annotation: The text of an annotation: `"int | None"`, `"list[int]"`, `"Literal['a']"`.
        value: As a TOML reader gives it: a tuple is a list, a float may be a whole number.
    """
    node = _parsed(annotation)
    return node is None or _fits(node, value)


def words(annotation: str) -> str:
    """What the annotation takes, for a message: "a whole number or text"."""
    node = _parsed(annotation)
    found = [] if node is None else [_word(part) for part in _members(node)]
    found = [word for word in found if word != "left out"]
    return " or ".join(found) or annotation


def choices(annotation: str) -> list[str]:
    """The texts of a `Literal` of texts; none for any other annotation."""
    node = _parsed(annotation)
    if node is None or _name(node) != "Literal":
        return []
    found = _literals(node)
    return found if all(isinstance(choice, str) for choice in found) else []


def _parsed(annotation: str) -> ast.expr | None:
    try:
        node = ast.parse(annotation, mode="eval").body
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = ast.parse(node.value, mode="eval").body  # it stood in quotation marks
    except SyntaxError:
        return None
    return node


def _fits(node: ast.expr, value: object) -> bool:
    members = _members(node)
    if len(members) > 1:
        return any(_fits(member, value) for member in members)
    inner = node.slice if isinstance(node, ast.Subscript) else None
    match _name(node):
        case "None":
            return value is None
        case "bool" | "str" | "int" as name:
            return type(value).__name__ == name
        case "float":
            return type(value) in (int, float)
        case "dict" | "Mapping":
            return isinstance(value, dict)
        case "tuple":
            return isinstance(value, list)
        case "list" | "Sequence":
            return isinstance(value, list) and (
                inner is None or all(_fits(inner, item) for item in value)
            )
        case "Literal":
            return any(type(value) is type(c) and value == c for c in _literals(node))
    return True


def _members(node: ast.expr) -> list[ast.expr]:
    """The members of a union; the node alone if it is none."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_members(node.left), *_members(node.right)]
    if isinstance(node, ast.Subscript) and _name(node) == "Optional":
        return [*_members(node.slice), ast.Constant(value=None)]
    if isinstance(node, ast.Subscript) and _name(node) == "Union":
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return [member for part in parts for member in _members(part)]
    return [node]


def _name(node: ast.expr) -> str:
    """The last word of `int`, `typing.Literal[...]`, `None`; "" for anything else."""
    if isinstance(node, ast.Subscript):
        return _name(node.value)
    if isinstance(node, ast.Constant) and node.value is None:
        return "None"
    return getattr(node, "id", getattr(node, "attr", ""))


def _literals(node: ast.expr) -> list:
    try:
        found = ast.literal_eval(node.slice) if isinstance(node, ast.Subscript) else ()
    except ValueError:
        return []
    return list(found) if isinstance(found, tuple) else [found]


def _word(node: ast.expr) -> str:
    if _name(node) == "Literal":
        return " or ".join(map(repr, _literals(node)))
    if _name(node) in ("list", "Sequence") and isinstance(node, ast.Subscript):
        return f"a list, each item {' or '.join(_word(m) for m in _members(node.slice))}"
    return _WORDS.get(_name(node), ast.unparse(node))
