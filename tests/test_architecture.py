"""Who may import whom. The table is the law; the imports are read, not run."""

import ast
from pathlib import Path

import pytest

import lwnn

PACKAGE = Path(lwnn.__file__).parent

#: Room to floor; a room imports from itself and from lower floors only.
FLOORS = {
    room: floor
    for floor, rooms in enumerate(
        [
            ["errors", "_version", "autodiff"],
            ["files", "_kernels", "options"],
            ["data", "network", "metrics"],
            ["scoring", "differentiable", "sklearn_nets"],
            ["learning", "model"],
            ["training", "quantization", "modeltext"],
            ["modelfile", "export", "estimators", "pictures", "comparison", "gradcheck"],
            ["report", "tuning"],
            ["cli"],
            ["__main__"],
        ]
    )
    for room in rooms
}
TOP = max(FLOORS.values())


def room_of(path):
    """`data` for lwnn/data/text.py, `model` for lwnn/model.py."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def modules():
    """Every module but lwnn/__init__.py, which names the rooms without entering them."""
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def imported(path):
    """Rooms of lwnn that a module imports, wherever in the module it does."""
    package = ("lwnn", *path.relative_to(PACKAGE).parent.parts)
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            start = ".".join((*base, *filter(None, [node.module])))
            # `from lwnn import model` names a room; `from lwnn.model import Model` is in one.
            names = [f"{start}.{alias.name}" for alias in node.names]
        else:
            continue
        parts = (name.split(".") for name in names)
        rooms |= {part[1] for part in parts if part[0] == "lwnn" and len(part) > 1}
    # lwnn's own version may be asked for by its public name.
    return {"_version" if room == "__version__" else room for room in rooms}


def calls(path):
    """(line, what) of every print, sys.exit, exit, quit and raised SystemExit."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in ("print", "exit", "quit", "sys.exit", "os._exit", "SystemExit"):
                found.append((node.lineno, name))
        elif isinstance(node, ast.Raise) and ast.unparse(node.exc or node) == "SystemExit":
            found.append((node.lineno, "SystemExit"))
    return found


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def test_there_are_modules_to_read():
    found = {name_of(path) for path in modules()}
    assert {"errors.py", "training/run.py", "data/loading.py", "_kernels/__init__.py"} <= found
    assert imported(PACKAGE / "training" / "pieces.py") >= {"learning", "model", "_kernels"}
    assert imported(PACKAGE / "training" / "parts.py") >= {"data", "learning", "training"}
    assert imported(PACKAGE / "learning" / "loop.py") >= {"errors", "learning"}


def test_every_room_has_a_floor():
    """A new room is entered in the table on purpose."""
    rooms = {room_of(path) for path in modules()}
    assert len(rooms) > 8
    assert rooms <= set(FLOORS)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_from_lower_floors_only(path):
    room = room_of(path)
    above = {other for other in imported(path) - {room} if FLOORS.get(other, TOP) >= FLOORS[room]}
    assert not above, f"{room} (floor {FLOORS[room]}) imports {sorted(above)}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_the_command_line_prints_and_exits(path):
    if FLOORS[room_of(path)] < FLOORS["cli"]:
        assert not calls(path)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
