"""What proves a caller is compared in constant time: one that stops early tells how much of a guess was right."""

import ast
from pathlib import Path

import opentrail

PLACES = ("wire", "accounts", "api", "recorder")
PROOFS = {"signature", "expected", "made", "mac", "digest", "session_token", "secret", "token", "plain"}
# Compared by themselves: a part of the request with another part of the same request, both the caller's own words.
KNOWN = {("wire/sigv4.py", "end != signature")}
ROOT = Path(opentrail.__file__).parent


def _name(node: ast.expr) -> str:
    """The last name of `a.b.signature`, `made` or `x.digest()`."""
    if isinstance(node, ast.Call):
        return _name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _comparisons(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Compare) or not all(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Constant) for side in sides):
            continue  # whether it is there at all, or of a kind
        if any(_name(side) in PROOFS for side in sides):
            found.append(ast.unparse(node))
    return found


def test_proofs_are_never_compared_with_equals() -> None:
    found = {
        (str(path.relative_to(ROOT)), text)
        for place in PLACES
        for path in (ROOT / place).rglob("*.py")
        for text in _comparisons(path)
    }
    assert found == KNOWN


def test_every_kind_of_signature_is_compared_in_constant_time() -> None:
    verifying = ("sigv4.py", "sigv2.py", "sigv2_form.py", "post_form.py", "aws_chunked.py", "event_stream.py")
    lacking = [name for name in verifying if "hmac.compare_digest(" not in (ROOT / "wire" / name).read_text("utf-8")]
    assert not lacking
    assert "compare_digest" in (ROOT / "accounts" / "authentication.py").read_text("utf-8")
