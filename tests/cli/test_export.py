"""`lwnn export` and `lwnn verify`: from a model file to C, and the proof that it is right."""

import json

import pytest

from lwnn import modelfile


@pytest.fixture(params=["float", "int8"])
def small(request, lwnn, made, trees):
    """Path of a model file of each arithmetic."""
    if request.param == "float":
        return made
    assert lwnn("quantize", made, "--calibrate", trees).code == 0
    return made.with_name("made.int8.safetensors")


def test_export_then_verify(lwnn, small, trees):
    name = "made" if small.name == "made.safetensors" else "made_int8"
    ended = lwnn("export", small, "-o", "fw", "--self-test", "--data", trees)
    assert (ended.code, ended.err) == (0, "")
    written = ended.out.splitlines()
    assert {f"fw/{name}.h", f"fw/{name}.c", f"fw/{name}_selftest.csv"} <= set(written)
    ended = lwnn("verify", small, "fw", trees)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "90 rows on this machine: 0 differ\nself-test: passed\n"
    result = json.loads(lwnn("verify", small, "fw", trees, "--json").out)
    assert (result["rows"], result["different"], result["self_test"]) == (90, 0, -1)


@pytest.fixture
def mixed(tmp_path):
    """Path of a table with words, gaps and a wild value."""
    path = tmp_path / "mixed.csv"
    colours = ("red", "blue", "?", "green")
    rows = [(colours[n % 4], "" if n % 7 == 0 else n % 11, "ab"[n % 3 == 0]) for n in range(120)]
    rows[50] = ("red", 1e9, "a")
    lines = ["colour,size,kind", *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("algo", ["bp", "ff", "mf"])
def test_a_table_of_words_and_gaps_all_the_way(lwnn, mixed, algo, tmp_path):
    fitting = ["--algo", algo, "--hidden", "6", "--epochs", "2"]
    assert lwnn("train", mixed, *fitting, "-o", "net.safetensors").code == 0
    assert lwnn("quantize", "net.safetensors", "--calibrate", mixed).code == 0
    new = tmp_path / "new.csv"
    new.write_text(mixed.read_text().replace("green", "violet").replace("3,", "-1e7,"))
    for model in ("net.safetensors", "net.int8.safetensors"):
        folder = model.removesuffix(".safetensors")
        options = ["-o", folder, "--self-test", "--data", mixed, "--name", "net", "-q"]
        assert lwnn("export", model, *options).code == 0
        header = (tmp_path / folder / "net.h").read_text()
        assert "NET_COLOUR_GREEN = 1," in header
        assert "#define NET_FEATURES 2\n" in header
        ended = lwnn("verify", model, folder, new, mixed)
        assert ended.out == "240 rows on this machine: 0 differ\nself-test: passed\n"
        assert "levels that the model has not seen: violet" in ended.err


def test_json_names_the_files(lwnn, made):
    result = json.loads(lwnn("export", made, "-o", "fw", "--name", "oak", "--json").out)
    assert (result["name"], result["target"]) == ("oak", "portable")
    assert {"oak.h", "oak.c"} <= set(result["files"])


def test_a_difference_ends_with_1(lwnn, small, trees, tmp_path):
    assert lwnn("export", small, "-o", "fw", "--name", "net").code == 0
    source = tmp_path / "fw" / "net.c"
    source.write_text(source.read_text().replace("scores, &scratch);", "scores, &scratch) + 1;"))
    ended = lwnn("verify", small, "fw", trees)
    assert ended.code == 1
    assert "90 differ" in ended.out
    assert ended.complaint.startswith(
        "fw: what the other functions return of row 0 differs, and 90"
    )


def test_another_model_is_not_verified(lwnn, refused, made, make_model, trees):
    assert lwnn("export", made, "-o", "fw").code == 0
    labels = ("ash", "elm", "größer", "oak")
    features = ("height", "leaf", "colour")
    modelfile.save(make_model(seed=9, labels=labels, features=features), "other.safetensors")
    message = refused("verify", "other.safetensors", "fw", trees)
    assert message == "fw: made.h was exported from another model; export this one again"


def test_folders_that_hold_no_export(refused, made, trees, tmp_path):
    assert "holds no exported model" in refused("verify", made, tmp_path, trees)
    assert "is not a folder" in refused("verify", made, "none", trees)


def test_a_missing_compiler_is_told(lwnn, refused, made, trees, monkeypatch):
    assert lwnn("export", made, "-o", "fw").code == 0
    monkeypatch.setenv("CC", "no-such-cc")
    message = refused("verify", made, "fw", trees, code=3)
    assert message.startswith("no-such-cc is not installed; CC names it; unset CC")
    monkeypatch.delenv("CC")
    monkeypatch.setenv("PATH", "/nowhere")
    message = refused("verify", made, "fw", trees, code=3)
    assert "apt-get install gcc" in message


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--self-test"], "--self-test takes its rows from --data; give that too"),
        (["--format", "rust"], "--format rust: choose from c, arduino, zip"),
        (["--target", "z80"], "--target z80: choose from portable, m0, m4, m55, avr"),
        (["--name", "int"], "--name int: expected letters"),
        (["--name", "lwnn"], "--name lwnn: expected letters"),
        (["--name", "a__b"], "--name a__b: expected letters"),
        (["-o", "no/such/folder"], "no/such/folder: cannot be made: No such file or directory"),
        (["-o", "made.safetensors"], "made.safetensors: is a file; choose another folder"),
    ],
)
def test_what_cannot_be_exported(refused, made, options, said, tmp_path):
    assert refused("export", made, "-o", "fw", *options).startswith(said)
    assert not list(tmp_path.glob("fw/*"))


def test_files_of_others_are_not_replaced(lwnn, refused, made, tmp_path):
    folder = tmp_path / "fw"
    folder.mkdir()
    (folder / "made.c").write_text("int main(void) { return 0; }\n")
    message = refused("export", made, "-o", "fw")
    assert message.startswith("fw/made.c: is there already and not from lwnn export")
    assert [path.name for path in folder.iterdir()] == ["made.c"]
    assert lwnn("export", made, "-o", "fw", "--name", "other").code == 0
    assert lwnn("export", made, "-o", "fw", "--name", "other").code == 0
