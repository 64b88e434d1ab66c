"""Annotations read as text: which TOML values they take. Nothing is evaluated."""

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


def fits_annotation(annotation: str, value: object) -> bool:
    """Return whether the annotation takes a TOML value; True where this cannot be decided.

    Args:
        annotation: The text of an annotation: `"int | None"`, `"list[int]"`, `"Literal['a']"`.
        value: As a TOML reader gives it: a tuple is a list, a float may be a whole number.
    """
    node = _parse_annotation(annotation)
    return node is None or _member_fits(node, value)


def describe_annotation(annotation: str) -> str:
    """Return the annotation in words, for a message: "a whole number or text"."""
    node = _parse_annotation(annotation)
    found = [] if node is None else [_describe_member(part) for part in _union_members(node)]
    found = [one for one in found if one != "left out"]
    return " or ".join(found) or annotation


def literal_choices(annotation: str) -> list[str]:
    """Return the texts of a `Literal` of texts; an empty list for any other annotation."""
    node = _parse_annotation(annotation)
    if node is None or _annotation_name(node) != "Literal":
        return []
    found = _literal_values(node)
    return found if all(isinstance(choice, str) for choice in found) else []


def _parse_annotation(annotation: str) -> ast.expr | None:
    try:
        node = ast.parse(annotation, mode="eval").body
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = ast.parse(node.value, mode="eval").body  # it stood in quotation marks
    except SyntaxError:
        return None
    return node


def _member_fits(node: ast.expr, value: object) -> bool:
    members = _union_members(node)
    if len(members) > 1:
        return any(_member_fits(member, value) for member in members)
    inner = node.slice if isinstance(node, ast.Subscript) else None
    match _annotation_name(node):
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
                inner is None or all(_member_fits(inner, item) for item in value)
            )
        case "Literal":
            return any(type(value) is type(c) and value == c for c in _literal_values(node))
    return True


def _union_members(node: ast.expr) -> list[ast.expr]:
    """The members of a union; the node alone if it is none."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_union_members(node.left), *_union_members(node.right)]
    if isinstance(node, ast.Subscript) and _annotation_name(node) == "Optional":
        return [*_union_members(node.slice), ast.Constant(value=None)]
    if isinstance(node, ast.Subscript) and _annotation_name(node) == "Union":
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return [member for part in parts for member in _union_members(part)]
    return [node]


def _annotation_name(node: ast.expr) -> str:
    """The last word of `int`, `typing.Literal[...]`, `None`; "" for anything else."""
    if isinstance(node, ast.Subscript):
        return _annotation_name(node.value)
    if isinstance(node, ast.Constant) and node.value is None:
        return "None"
    return getattr(node, "id", getattr(node, "attr", ""))


def _literal_values(node: ast.expr) -> list:
    try:
        found = ast.literal_eval(node.slice) if isinstance(node, ast.Subscript) else ()
    except ValueError:
        return []
    return list(found) if isinstance(found, tuple) else [found]


def _describe_member(node: ast.expr) -> str:
    if _annotation_name(node) == "Literal":
        return " or ".join(map(repr, _literal_values(node)))
    if _annotation_name(node) in ("list", "Sequence") and isinstance(node, ast.Subscript):
        members = map(_describe_member, _union_members(node.slice))
        return f"a list, each item {' or '.join(members)}"
    return _WORDS.get(_annotation_name(node), ast.unparse(node))
