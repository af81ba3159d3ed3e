"""The source as the tests of the house read it: every file of the product, its imports with their lines."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCT = ROOT / "offboarding"


@dataclass(frozen=True)
class Import:
    """`module` with the imported name behind it where that may be a module itself."""

    path: Path
    line: int
    module: str
    names: tuple[str, ...]

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"

    def reaches(self, package: str) -> bool:
        """Does this import `package` or something inside it? `offboarding.x` and `from offboarding import x` alike."""
        wanted = (self.module, *(f"{self.module}.{name}" for name in self.names))
        return any(each == package or each.startswith(package + ".") for each in wanted)


@cache
def modules() -> tuple[Path, ...]:
    return tuple(sorted(path for path in PRODUCT.rglob("*.py") if "migrations" not in path.parts))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def imports(path: Path) -> tuple[Import, ...]:
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[Import]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(path, node.lineno, name.name, ())
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import hides where it leads"
            yield Import(path, node.lineno, node.module or "", tuple(name.name for name in node.names))


def everything() -> Iterator[Import]:
    for path in modules():
        yield from imports(path)


def room_of(path: Path) -> str:
    """`removals` for offboarding/removals/actions.py; the file's own name for modules at the top."""
    inner = path.relative_to(PRODUCT)
    return inner.parts[0].removesuffix(".py")


def listing(offences: list[str]) -> str:
    return "\n" + "\n".join(sorted(offences))
