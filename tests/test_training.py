"""From a dataset and options to a model: what is refused, what is assumed, what is promised."""

import dataclasses

import numpy as np
import pytest

import lwnn
from lwnn._kernels import kernels
from lwnn.data import Dataset
from lwnn.errors import TrainingError, UsageError
from lwnn.learning import RULES
from lwnn.learning.augment import Silences
from lwnn.learning.optimizers import Optimizer
from lwnn.learning.rule import Rows
from lwnn.learning.top_down import TopDown
from lwnn.network import Network
from lwnn.options import Options, about, resolve
from lwnn.training import make_optimizer, share_out, train

QUICK = {"epochs": 3, "hidden": (12,), "batch": 16}
#: Rules that follow a gradient, with hidden layers, mini-batches and optimizers.
GRADIENT = [algo for algo in RULES if algo != "perceptron"]


def quick(algo, hidden=(12,), **changes):
    """Options of a short run."""
    more = {"hidden": hidden, "batch": 16} if algo in GRADIENT else {}
    return Options(algo=algo, epochs=3, **more, **changes)


def make_dataset(rows=120, inputs=6, classes=3, seed=0):
    """Classes about corners of their own; the first feature is the number of the row."""
    random = np.random.default_rng(seed)
    y = np.arange(rows, dtype=np.int32) % classes
    x = np.eye(inputs, dtype=np.float32)[y + 1] * 3
    x += random.standard_normal(x.shape, np.float32)
    x[:, 0] = np.arange(rows)
    return Dataset(
        x=x,
        y=y,
        labels=tuple("abcdefgh"[:classes]),
        features=tuple(f"x{i}" for i in range(inputs)),
        target="kind",
        image_shape=None,
        source="some/where.csv",
        sha256="0" * 64,
        named=True,
    )


@pytest.fixture
def dataset():
    return make_dataset()


@pytest.fixture(scope="module")
def digits():
    return lwnn.load(lwnn.sample_path())


@pytest.fixture(params=list(RULES))
def algo(request):
    return request.param


def row_numbers(rows):
    return rows.x[:, 0].astype(int)


def same_model(one, other):
    """Whether two runs learnt the same, to the last bit."""
    arrays = [(run.model.params.vector, run.model.offset, run.model.scale) for run in (one, other)]
    return all(a.tobytes() == b.tobytes() for a, b in zip(*arrays, strict=True))


# ---------------------------------------------------------------- options

REFUSED = [
    ({"algo": "gd"}, "unknown --algo 'gd'; choose from ff, bp, wp, mf"),
    ({"epochs": 0}, "--epochs 0; expected 1 to 1,000,000"),
    ({"batch": 0}, "--batch 0; expected 1 to 65,536"),
    ({"rate": -0.1}, "--lr -0.1; expected 1e-12 to 1e+06"),
    ({"rate": float("nan")}, "--lr nan; expected 1e-12 to 1e+06"),
    ({"patience": 0}, "--patience 0; expected 1 to 1,000,000"),
    ({"threads": 0}, "--threads 0; expected 1 to 1,024"),
    ({"seed": -1}, "--seed -1; expected 0 to 9,223,372,036,854,775,807"),
    ({"cost": "mse"}, "--cost goes with --algo bp or --algo wp, not with --algo ff"),
    ({"activation": "tanh"}, "--activation goes with --algo bp or --algo wp, not with --algo ff"),
    (
        {"algo": "bp", "readout": "head"},
        "--readout goes with --algo ff or --algo mf, not with --algo bp",
    ),
    ({"algo": "mf", "readout": "goodness"}, "unknown --readout 'goodness'; choose from sum, last"),
    ({"algo": "mf", "hidden": ()}, "Mono-Forward needs a hidden layer; try --hidden 64"),
    ({"algo": "mf", "cost": "mse"}, "--cost goes with --algo bp or --algo wp, not with --algo mf"),
    ({"algo": "bp", "delta": 0.1}, "--delta goes with --algo wp, not with --algo bp"),
    ({"momentum": 0.5}, "--momentum goes with --optimizer momentum or nesterov"),
    ({"noise_decay": 0.5}, "--noise-decay goes with --gradient-noise"),
    ({"decay": 0.5}, "--decay goes with --schedule step or exponential"),
    ({"schedule": "exponential", "decay_every": 2}, "--decay-every goes with --schedule step"),
    ({"optimizer": "gd", "batch": 8}, "--batch does not go with --optimizer gd"),
    ({"l1": -0.5}, "--l1 -0.5; expected 0 to 1000"),
    ({"clip_gradient": 0}, "--clip-gradient 0; expected 1e-12 to 1e+12"),
    (
        {"optimizer": "momentum", "momentum": 1.0},
        "momentum 1; expected 0 or more, below 1",
    ),
    ({"optimizer": "lion"}, "unknown --optimizer 'lion'; choose from adam, momentum, nesterov"),
    ({"readout": "best"}, "unknown --readout 'best'; choose from both, goodness, head"),
    ({"algo": "wp", "delta": 5.0}, "--delta 5; expected between 1e-6 and 1"),
    ({"algo": "bp", "cost": "hinge"}, "unknown --cost 'hinge'; choose from cross-entropy, mse"),
    (
        {"algo": "bp", "activation": "gelu"},
        "unknown --activation 'gelu'; choose from relu, leaky-relu, sigmoid",
    ),
    ({"hidden": ()}, "Forward-Forward needs a hidden layer; try --hidden 64"),
    ({"hidden": (0,)}, "a layer of 0 units; expected 1 to 65,536"),
    (
        {"negatives": "hybrid", "readout": "head"},
        "--readout goes with --algo ff or --algo mf, not with --negatives hybrid",
    ),
    ({"head_epochs": 9}, "--head-epochs goes with --negatives hybrid, not with --algo ff"),
    ({"negatives": "hybrid", "algo": "bp"}, "--negatives goes with --algo ff, not with --algo bp"),
    ({"negatives": "hybrid", "hidden": ()}, "Forward-Forward needs a hidden layer"),
    ({"top_down": True, "readout": "sum"}, "'sum'; choose from both, goodness, head"),
    ({"top_down": True, "algo": "bp"}, "--top-down goes with --algo ff, not with --algo bp"),
    ({"top_down": True, "negatives": "hybrid"}, "goes with --algo ff, not with --top-down"),
    ({"top_down": True, "hidden": (5,) * 6}, "would not reach the lowest of 6 layers in 5 steps"),
    ({"augment": "turn:2"}, "--augment turn:2: expected such as shift:2"),
    ({"augment": "shift:0"}, "--augment shift:0: expected such as shift:2"),
    ({"augment": "shift:1"}, "where.csv says nothing of height and width; add --image"),
    ({"image": (2, 4)}, "--image 2x4: that is 8 pixels, not 6"),
    ({"augment": "shift:2", "image": (2, 3)}, "shift:2 moves images of 2x3 pixels away"),
    ({"val": 0.5, "test": 0.5}, "leave nothing to train on"),
    ({"val": -0.1}, "the validation share is -0.1"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[str(case[0]) for case in REFUSED])
def test_options_that_cannot_be_meant_are_refused(dataset, changes, message):
    with pytest.raises(UsageError) as caught:
        train(dataset, Options(**changes))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("rows", "inputs", "options", "expected"),
    [
        (1200, 64, {}, {"batch": 32, "epochs": 80, "lr": 0.004, "patience": 26}),
        (10_000, 16, {}, {"batch": 100, "lr": 0.01}),
        (1200, 64, {"algo": "bp"}, {"lr": 0.01}),
        (60_000, 784, {}, {"batch": 100, "epochs": 20, "lr": 0.002, "patience": 10}),
        (60_000, 784, {"top_down": True}, {"lr": 0.002, "label_scale": 5.6}),
        (1200, 64, {"top_down": True}, {"lr": 0.003, "readout": "both"}),
        (60_000, 784, {"algo": "mf"}, {"lr": 0.002, "readout": "sum"}),
        (1200, 64, {"algo": "mf"}, {"lr": 0.01}),
        (20, 4, {}, {"batch": 20, "epochs": 200, "lr": 0.004, "patience": 66}),
        (1200, 64, {"optimizer": "sgd"}, {"lr": 0.1}),
        (1200, 64, {"optimizer": "momentum"}, {"lr": 0.02, "momentum": 0.9}),
        (1200, 64, {"optimizer": "gd"}, {"batch": 1200, "epochs": 200}),
        (1200, 64, {"schedule": "step"}, {"decay": 0.1, "decay_every": 26}),
        (1200, 64, {"schedule": "exponential"}, {"decay": 0.944}),
        (1200, 64, {"gradient_noise": 0.1}, {"noise_decay": 0.55}),
        (1200, 64, {"epochs": 7, "batch": 5, "rate": 0.3, "patience": 2, "hidden": (3, 4)}, {}),
    ],
)
def test_defaults_follow_the_data_and_what_is_given_stays(rows, inputs, options, expected):
    settings = resolve(Options(**options), rows, inputs)
    names = {"rate": "lr"}
    given = {names.get(name, name): value for name, value in options.items()}
    if "hidden" in given:
        given["hidden"] = list(given["hidden"])
    wanted = {**given, **expected}
    assert {name: settings[name] for name in wanted} == wanted


@pytest.mark.parametrize("algo", ["ff", "bp", "mf"])
@pytest.mark.parametrize(
    ("rows", "epochs"), [(500, 192), (2000, 75), (6000, 64), (16_000, 75), (100_000, 12)]
)
def test_tables_of_classes_are_learnt_for_longer(algo, rows, epochs):
    assert resolve(Options(algo=algo), rows, 9)["epochs"] == epochs
    others = [
        resolve(Options(algo=algo), rows, 9, images=True),
        resolve(Options(algo="wp"), rows, 9),
        resolve(Options(algo="bp", task="regression"), rows, 9),
        resolve(Options(algo="bp", recurrent=True), rows, 9),
        resolve(Options(top_down=True), rows, 9),
    ]
    for settings in others:
        usual = min(200, max(10, round(3000 * settings["batch"] / rows)))
        assert settings["epochs"] == usual <= epochs


@pytest.mark.parametrize("algo", ["ff", "bp", "mf"])
@pytest.mark.parametrize("images", [False, True])
def test_only_mono_forward_on_images_learns_from_rows_with_gaps_unasked(algo, images):
    settings = resolve(Options(algo=algo), 60_000, 784, images)
    alone = algo == "mf" and images
    assert settings.get("input_dropout") == (0.2 if alone else None)
    assert settings["schedule"] == ("cosine" if alone else "cooldown")


WEIGHED = ("ff", "bp", "wp", "mf")


@pytest.mark.parametrize("algo", WEIGHED)
@pytest.mark.parametrize(
    ("rows", "l2"), [(20, 0.3), (500, 0.3), (1000, 0.15), (9999, 0.015), (10_000, None)]
)
def test_weights_decay_the_more_the_fewer_rows_there_are(algo, rows, l2):
    assert resolve(Options(algo=algo), rows, 5).get("l2") == l2
    assert resolve(Options(algo=algo, l2=0.0), rows, 5)["l2"] == 0


@pytest.mark.parametrize("algo", WEIGHED)
def test_weights_of_images_and_plain_steps_do_not_decay_unasked(algo):
    assert "l2" not in resolve(Options(algo=algo), 500, 64, images=True)
    assert "l2" not in resolve(Options(algo=algo, optimizer="sgd"), 500, 5)


@pytest.mark.parametrize(
    "options",
    [
        {"algo": "bp", "task": "regression"},
        {"algo": "bp", "recurrent": True},
        {"algo": "perceptron"},
        {"negatives": "hybrid"},
        {"top_down": True},
    ],
)
def test_weights_of_other_nets_do_not_decay_unasked(options):
    assert "l2" not in resolve(Options(**options), 500, 5)


@pytest.mark.parametrize(
    ("algo", "extra"),
    [
        (
            "ff",
            {
                "loss": "swish",
                "goodness": "mean",
                "sharpness": 6.0,
                "negatives": "hard",
                "embed": "append",
                "label_scale": 1.0,
                "level": "none",
                "peer": 0.0,
                "head_layers": "all",
                "greedy": False,
                "readout": "both",
            },
        ),
        (
            "bp",
            {
                "recurrent": False,
                "activation": "relu",
                "cost": "cross-entropy",
                "init": "he",
            },
        ),
        (
            "wp",
            {
                "recurrent": False,
                "activation": "relu",
                "cost": "cross-entropy",
                "init": "he",
                "perturb": "weight",
                "delta": 1e-3,
                "differences": "forward",
            },
        ),
        ("mf", {"level": "none", "readout": "sum"}),
    ],
)
def test_settings_name_what_a_rule_reads_and_no_more(algo, extra):
    common = {
        "algo",
        "l2",
        "refit",
        "hidden",
        "task",
        "epochs",
        "batch",
        "optimizer",
        "lr",
        "schedule",
        "patience",
        "seed",
    }
    settings = resolve(Options(algo=algo), 500, 9)
    assert set(settings) == common | set(extra)
    assert {name: settings[name] for name in extra} == extra


# ---------------------------------------------------------------- rows


def test_every_row_goes_to_one_part(dataset):
    parts, _ = share_out(dataset, Options())
    dealt = [row_numbers(rows) for rows in (parts.train, parts.validation, parts.test)]
    assert [len(rows) for rows in dealt] == [84, 12, 24]
    assert sorted(np.concatenate(dealt)) == list(range(120))
    for rows in (parts.train, parts.validation, parts.test):
        assert np.array_equal(rows.y, dataset.y[row_numbers(rows)])


def test_test_rows_cannot_reach_the_model(dataset, algo):
    """Neither their features nor their labels, in weights or scaler."""
    parts, _ = share_out(dataset, Options())
    hidden_rows = row_numbers(parts.test)
    options = quick(algo)
    changed = dataclasses.replace(dataset, x=dataset.x.copy())
    changed.x[hidden_rows] = 1000 - changed.x[hidden_rows]
    before, after = train(dataset, options), train(changed, options)
    assert same_model(before, after)
    assert before.metrics["train"] == after.metrics["train"]
    assert before.metrics["test"] != after.metrics["test"]


def test_the_scaler_is_learnt_on_training_rows_alone(dataset):
    parts, scaler = share_out(dataset, Options())
    assert scaler.offset == pytest.approx(parts.train.x.mean(axis=0), rel=1e-5)
    assert 1 / scaler.scale == pytest.approx(parts.train.x.std(axis=0), rel=1e-5)
    assert abs(scaler.offset[0] - dataset.x[:, 0].mean()) > 0.1
    _, whole = share_out(dataset, Options(), refit=True)
    for asked, wanted in (("no", scaler), ("yes", whole)):
        model = train(dataset, Options(algo="bp", refit=asked, **QUICK)).model
        assert np.array_equal(model.offset, wanted.offset)
        assert np.array_equal(model.scale, wanted.scale)
    assert not np.array_equal(scaler.offset, whole.offset)


def test_training_rows_do_reach_the_model(dataset, algo):
    """Else the test above would prove nothing."""
    parts, _ = share_out(dataset, Options())
    changed = dataclasses.replace(dataset, x=dataset.x.copy())
    changed.x[row_numbers(parts.train)[0], 1] += 1
    options = quick(algo)
    assert not same_model(train(dataset, options), train(changed, options))


def test_test_rows_may_be_a_dataset_of_their_own(dataset):
    other = make_dataset(rows=33, seed=5)
    options = Options(algo="bp", test=other, **QUICK)
    run = train(dataset, options)
    assert run.metrics["test"]["rows"] == 33
    assert run.metrics["train"]["rows"] + run.metrics["validation"]["rows"] == 120
    guess = run.model.predict_index(other.x)
    assert run.metrics["test"]["accuracy"] == pytest.approx((guess == other.y).mean())


def test_validation_rows_may_be_a_dataset_of_their_own(dataset):
    other = make_dataset(rows=33, seed=5)
    run = train(dataset, Options(algo="bp", val=other, test=0.25, **QUICK))
    assert [part["rows"] for part in run.metrics.values()] == [90, 33, 30]
    best = run.history[run.best_epoch - 1]["validation_accuracy"]
    assert run.metrics["validation"]["accuracy"] == pytest.approx(best)


@pytest.mark.parametrize(
    ("shares", "parts"),
    [
        ({}, ["train", "validation", "test"]),
        ({"val": 0.0}, ["train", "test"]),
        ({"test": 0.0}, ["train", "validation"]),
        ({"val": 0.0, "test": 0.0}, ["train"]),
    ],
)
def test_metrics_are_of_the_parts_that_exist(dataset, shares, parts):
    run = train(dataset, Options(algo="bp", **shares, **QUICK))
    assert list(run.metrics) == parts
    assert sum(part["rows"] for part in run.metrics.values()) == 120
    for part in run.metrics.values():
        assert set(part) == {"accuracy", "loss", "rows"}
        assert 0 <= part["accuracy"] <= 1
        assert part["loss"] >= 0
    judged = [epoch["validation_accuracy"] is not None for epoch in run.history]
    assert judged == ["validation" in parts] * 3


# ---------------------------------------------------------------- promises


def test_the_seed_decides_and_threads_do_not(dataset, algo):
    def run(**changes):
        return train(dataset, quick(algo, hidden=(40, 30), **changes))

    first = run(threads=1)
    assert same_model(first, run(threads=1))
    two = run(threads=2)
    assert same_model(first, two)
    assert (first.history, first.metrics) == (two.history, two.metrics)
    assert first.model.provenance == two.model.provenance
    assert not same_model(first, run(seed=1))


def test_the_seed_alone_deals_the_rows(dataset):
    parts = [share_out(dataset, Options(seed=seed))[0] for seed in (0, 0, 1)]
    tests = [list(row_numbers(part.test)) for part in parts]
    assert tests[0] == tests[1] != tests[2]


def test_all_rules_of_a_seed_share_the_split(dataset):
    tests = [list(row_numbers(share_out(dataset, Options(algo=a))[0].test)) for a in RULES]
    assert tests[0] == tests[1] == tests[2]


def test_working_memory_is_counted_from_the_buffers(dataset, algo):
    options = quick(algo, threads=2)
    run = train(dataset, options)
    table, size = run.model.network.table, run.model.size
    scratch = {
        "ff": lambda: kernels.ff_workspace(table, run.model.network.form, 16, True, 2),
        "bp": lambda: kernels.dense_workspace(table, 16, True, 2),
        "wp": lambda: kernels.wp_workspace(table, 16, 0, 2),
        "mf": lambda: kernels.mf_workspace(table, 16, True, 2),
        "perceptron": lambda: kernels.perceptron_workspace(table),
    }[algo]()
    remembered = 2 * size if algo in GRADIENT else 0
    # Wrong labels, mean outputs, and which units are alive.
    others = 4 * 96 + 4 * 12 + 12 if algo == "ff" else 0
    assert run.working_bytes == 4 * (2 * size + remembered + scratch) + others


@pytest.mark.parametrize("algo", GRADIENT)
def test_plain_steps_need_less_memory_than_adam(dataset, algo):
    held = [
        train(dataset, quick(algo, optimizer=optimizer)).working_bytes
        for optimizer in ("sgd", "momentum", "adam")
    ]
    assert held[1] - held[0] == held[2] - held[1] > 0


def test_forward_passes_an_update(dataset):
    runs = {a: train(dataset, quick(a)) for a in RULES}
    assert runs["ff"].forward_passes == 3
    assert {runs[algo].forward_passes for algo in ("bp", "mf", "perceptron")} == {1}
    assert runs["wp"].forward_passes == 1 + runs["wp"].model.size


@pytest.mark.parametrize("algo", ["mf"])
def test_images_are_levelled_and_tables_are_not(dataset, algo):
    images = dataclasses.replace(dataset, x=np.clip(dataset.x, 0, 255).astype(np.uint8))
    for data, level in ((dataset, False), (images, True)):
        assert train(data, quick(algo)).model.network.level is level


def test_the_model_knows_where_it_comes_from(dataset, algo):
    run = train(dataset, quick(algo, seed=4))
    model = run.model
    assert model.labels == dataset.labels
    assert model.features == dataset.features
    assert model.target == "kind"
    assert model.named
    assert model.provenance["lwnn"] == lwnn.__version__
    assert model.provenance["options"] == run.options
    assert model.provenance["options"]["seed"] == 4
    assert model.provenance["data"] == {"name": "where.csv", "sha256": "0" * 64}


def test_training_does_not_touch_the_data(dataset, algo):
    x, y = dataset.x.copy(), dataset.y.copy()
    train(dataset, quick(algo))
    assert np.array_equal(dataset.x, x)
    assert np.array_equal(dataset.y, y)


def test_progress_is_told(dataset):
    seen = []
    run = train(dataset, Options(algo="bp", **QUICK), on_epoch=seen.append)
    assert [event.epoch for event in seen if event.finished and not event.refit] == [1, 2, 3]
    assert run.epochs_run == len(run.history) == 3
    assert run.stopped == "finished"


def test_a_rate_far_too_large_says_what_to_do(dataset):
    """Linear units: they cannot die, so the numbers grow without end."""
    shape = {"hidden": (12, 12, 12), "activation": "linear"}
    with pytest.raises(TrainingError) as caught:
        train(dataset, Options(algo="bp", optimizer="sgd", rate=1e6, **shape))
    assert "the loss is no longer a number in epoch 1; try a smaller rate" in str(caught.value)
    assert "--lr 1e+05" in str(caught.value)


# ---------------------------------------------------------------- without labels

BLIND = {"negatives": "hybrid", "head_epochs": 4, **QUICK}


def test_layers_learn_without_labels_and_then_a_softmax_with(dataset):
    first, again, two, seeded = (
        train(dataset, Options(**BLIND, **changes))
        for changes in ({"threads": 1}, {"threads": 1}, {"threads": 2}, {"seed": 1})
    )
    assert same_model(first, again)
    assert same_model(first, two)
    assert not same_model(first, seeded)
    assert first.model.network.kind == "un"
    assert first.epochs_run == len(first.history) == 3 + 4
    judged = [epoch["validation_accuracy"] is not None for epoch in first.history]
    assert judged == [False] * 3 + [True] * 4
    assert first.options["negatives"] == "hybrid"
    assert first.forward_passes == 2


def test_labels_do_not_reach_the_layers(dataset):
    """All that they may change is the head."""
    turned = dataclasses.replace(dataset, y=(dataset.y + 1) % 3)
    seen = []
    for data in (dataset, turned):
        rule = RulesSeen()
        train(data, Options(val=0.0, test=0.0, **BLIND), on_start=rule)
        seen.append(rule.params.views)
    for name in seen[0]:
        same = np.array_equal(seen[0][name], seen[1][name])
        assert same == name.startswith("layer"), name


class RulesSeen:
    """Keeps the parameters of the rule that was started."""

    def __call__(self, rule, settings, parts):
        self.params = rule.params


def test_decay_shrinks_the_layers_and_not_the_head(dataset):
    """Over layers that hardly move: decays go by the rate, and the head has one of its own."""
    still = {"val": 0.0, "test": 0.0, "rate": 1e-12, **BLIND}
    plain, decayed = (train(dataset, Options(l2=l2, **still)).model.params for l2 in (0.0, 1e3))
    assert np.abs(plain["head.weight"]).max() > 0.01
    assert np.array_equal(plain["head.weight"], decayed["head.weight"])
    kept, shrunk = (
        train(dataset, Options(l2=l2, **BLIND)).model.params["layer1.weight"] for l2 in (0.0, 30.0)
    )
    assert np.abs(shrunk).mean() < 0.9 * np.abs(kept).mean()


def test_only_layers_on_bytes_decay_unasked(dataset):
    images = dataclasses.replace(
        dataset, x=(40 * (dataset.x - dataset.x.min())).clip(0, 255).astype(np.uint8)
    )
    found = [train(data, Options(**BLIND)).options.get("l2") for data in (images, dataset)]
    assert found == [1.0, None]


def test_working_memory_counts_masks(dataset):
    run = train(dataset, Options(threads=2, **BLIND))
    table, size = run.model.network.table, run.model.size
    scratch = kernels.un_workspace(table, 16, True, 2)
    assert run.working_bytes == 4 * (4 * size + scratch + 2 * 96) + 96 * 6


def test_features_are_the_normalised_outputs_of_the_layers(dataset, digits):
    run = train(digits, Options(negatives="hybrid", hidden=(40, 30), epochs=3, head_epochs=3))
    features = run.model.transform(digits.x[:50])
    assert features.shape == (50, 70)
    assert features.dtype == np.float32
    for part in (features[:, :40], features[:, 40:]):
        assert (part >= 0).all()
        assert np.sqrt((part**2).mean(axis=1)) == pytest.approx(np.ones(50), rel=1e-2)
    params = run.model.params
    scores = features @ params["head.weight"].T + params["head.bias"]
    assert run.model.scores(digits.x[:50]) == pytest.approx(scores, abs=1e-4)
    with pytest.raises(UsageError, match="only a model of --negatives hybrid"):
        train(dataset, Options(algo="bp", **QUICK)).model.transform(dataset.x)


@pytest.mark.parametrize("image", [None, (8, 8)], ids=["features", "regions"])
def test_the_digits_are_learnt_without_labels(digits, image):
    run = train(digits, Options(negatives="hybrid", image=image, epochs=12, head_epochs=20))
    assert run.metrics["test"]["accuracy"] >= 0.93


def test_hybrids_of_images_are_made_of_regions(digits):
    """A neighbour of a pixel comes from the same image more often than not."""
    seen = {}

    def on_start(rule, settings, parts):
        seen[settings.get("image") is not None] = rule.masks.reshape(-1, 8, 8)

    for image in (None, (8, 8)):
        train(digits, Options(negatives="hybrid", image=image, epochs=1), on_start=on_start)
    alike = {regions: (m[:, 1:] == m[:, :-1]).mean() for regions, m in seen.items()}
    assert alike[False] == pytest.approx(0.5, abs=0.01)
    assert alike[True] > 0.7


# ---------------------------------------------------------------- top-down

SETTLING = {"top_down": True, **QUICK, "hidden": (12, 9)}


def test_top_down_repeats_and_is_counted(dataset):
    first, again, two, seeded = (
        train(dataset, Options(**SETTLING, **changes))
        for changes in ({"threads": 1}, {"threads": 1}, {"threads": 2}, {"seed": 1})
    )
    assert same_model(first, again)
    assert same_model(first, two)
    assert not same_model(first, seeded)
    assert first.model.network.kind == "td"
    assert (first.options["top_down"], first.options["readout"]) == (True, "both")
    assert first.forward_passes == 6
    table, size = two.model.network.table, two.model.size
    scratch = kernels.td_workspace(table, 16, 3, True, 2)
    assert two.working_bytes == 4 * (4 * size + scratch + 96)


@pytest.mark.parametrize("readout", ["goodness", "head", "both"])
@pytest.mark.parametrize("hidden", [(32,), (32, 32)], ids=len)
def test_the_digits_are_learnt_top_down(digits, hidden, readout):
    options = Options(top_down=True, hidden=hidden, readout=readout, epochs=10)
    assert train(digits, options).metrics["test"]["accuracy"] >= 0.92


def test_gaps_leave_layer_1_as_loud_beside_what_comes_from_above():
    """A row with gaps, brought to the level of learning, gives a sum what the whole row gives."""
    x = np.full((400, 100), 7, np.float32)
    gaps = Silences(x, 0.36, np.zeros(100), np.random.default_rng(0))
    network = Network("td", 100, (3, 2), 2)
    settings = {"batch": 4, "init": np.random.default_rng(0), "draws": np.random.default_rng(0)}
    how = (np.stack([np.zeros(100), np.ones(100)]).astype(np.float32), 10.0)
    rows = Rows(x, np.zeros(400, np.int32))
    rule = TopDown(network, rows, *how, Optimizer("sgd", network.size), **settings, shifts=gaps)
    rule.next_epoch()
    rms = np.sqrt((rule.rows.x**2).mean(axis=1, keepdims=True))
    assert (rule.rows.x == 0).mean() == pytest.approx(0.36, abs=0.01)
    assert (rule.level * rule.rows.x / rms).mean() == pytest.approx(1, abs=0.01)
    assert TopDown(network, rows, *how, Optimizer("sgd", network.size), **settings).level == 1


def test_the_layer_above_is_heard(digits):
    """Else this would be plain Forward-Forward: silenced, its weights change the scores."""
    run = train(digits, Options(top_down=True, hidden=(32, 32), epochs=3))
    x, before = digits.x[:50], run.model.scores(digits.x[:50])
    run.model.params["above1.weight"][:] = 0
    assert np.abs(run.model.scores(x) - before).max() > 0.05


# ---------------------------------------------------------------- moved images

MOVED = {"augment": "shift:1", "image": (2, 3)}


def test_moved_images_repeat_change_the_model_and_are_counted(dataset, algo):
    still, first, again, two = (
        train(dataset, quick(algo, threads=threads, **changes))
        for threads, changes in ((1, {}), (1, MOVED), (1, MOVED), (2, MOVED))
    )
    assert same_model(first, again)
    assert same_model(first, two)
    assert not same_model(first, still)
    assert first.working_bytes - still.working_bytes == 96 * 6 * 4
    assert first.options["augment"] == "shift:1"
    assert first.options["image"] == [2, 3]
    assert first.model.provenance["image_shape"] == [2, 3]


def test_moving_draws_nothing_from_the_other_streams(dataset):
    """So that a run with moved images starts from the same weights and rows as one without."""
    seen = []

    def on_start(rule, settings, parts):
        seen.append((rule.params.vector.copy(), parts.train.x.copy(), rule.draws.random()))

    for changes in ({}, MOVED):
        train(dataset, Options(**QUICK, **changes), on_start=on_start)
    for one, other in zip(*seen, strict=True):
        assert np.array_equal(one, other)


def test_a_file_of_images_says_their_shape_itself(dataset):
    images = dataclasses.replace(dataset, image_shape=(3, 2))
    run = train(images, Options(augment="shift:1", **QUICK))
    assert run.model.provenance["image_shape"] == [3, 2]
    other = train(images, Options(augment="shift:1", image=(2, 3), **QUICK))
    assert not same_model(run, other)


# ---------------------------------------------------------------- it learns

SANE = {
    "ff": ({"epochs": 12}, 0.92),
    "bp": ({"epochs": 8}, 0.93),
    "wp": ({"epochs": 6, "hidden": (12,)}, 0.85),
    "mf": ({"epochs": 8}, 0.93),
    "perceptron": ({"epochs": 30}, 0.9),
}


def test_the_digits_are_learnt(digits, algo):
    options, least = SANE[algo]
    run = train(digits, Options(algo=algo, **options))
    assert run.metrics["test"]["rows"] == 359
    assert run.metrics["test"]["accuracy"] >= least
    assert run.history[-1]["loss"] < run.history[0]["loss"] / 2


def test_both_readouts_read_the_digits(digits):
    accuracies = {
        readout: train(digits, Options(readout=readout, epochs=12)).metrics["test"]["accuracy"]
        for readout in ("goodness", "head")
    }
    assert min(accuracies.values()) >= 0.9
    assert accuracies["goodness"] != accuracies["head"]


def test_bytes_are_mapped_to_shares_of_white(digits):
    """Images are not standardised: a pixel that is always dark would swamp the net."""
    images = dataclasses.replace(digits, x=(digits.x * 15).astype(np.uint8))
    run = train(images, Options(algo="bp", epochs=8))
    assert (run.model.offset == 0).all()
    assert run.model.scale == pytest.approx(1 / 255)
    assert run.metrics["test"]["accuracy"] >= 0.9


def test_gradient_descent_refuses_more_rows_than_fit_a_mini_batch():
    with pytest.raises(UsageError, match=r"all 65,537 training rows at once; .* 65,536 at most"):
        resolve(Options(optimizer="gd"), 65_537, 4)


def test_a_layer_that_is_done_is_not_averaged_on(dataset):
    """What later layers learn on top of is what it was at the end of its own epochs."""
    shape = {"hidden": (12, 7), "greedy": True, "schedule": "constant", "epochs": 6, "val": 0}
    plain, mean = (train(dataset, Options(**shape, average=span)).model for span in (1, 3))
    names = ("layer1.weight", "layer2.weight")
    first, second = (np.array_equal(plain.params[name], mean.params[name]) for name in names)
    assert first
    assert not second


#: Each changes what is learnt, whatever the rule.
SHAPING = [
    *({"optimizer": name} for name in about("optimizer").values if name != "adam"),
    *({"schedule": name} for name in about("schedule").values if name != "cooldown"),
    {"schedule": "step", "decay": 0.5},
    {"schedule": "step", "decay_every": 3},
    {"warmup": 2},
    {"schedule": "constant", "average": 3},
    {"l1": 0.01},
    {"l2": 0.1},
    {"clip_gradient": 1e-3, "optimizer": "sgd"},
    {"gradient_noise": 0.1},
    {"gradient_noise": 0.1, "noise_decay": 0.1},
    {"weight_noise": 0.1},
    {"input_noise": 0.1},
]
#: Likewise, of those rules that take it.
OF_SOME = [{"dropout": 0.3}, {"label_smoothing": 0.2}]


def offered(algo, options):
    """Those of the options that the rule takes."""
    return {name: value for name, value in options.items() if algo in about(name).algos}


#: Every rule with all that it takes.
ASKED = [
    (algo, changes)
    for algo in RULES
    for changes in SHAPING + OF_SOME
    if set(changes) == set(offered(algo, changes))
]


def test_every_gradient_rule_takes_all_that_shapes_a_step():
    for algo in GRADIENT:
        asked = [changes for name, changes in ASKED if name == algo]
        assert all(changes in asked for changes in SHAPING), algo
    assert "perceptron" in dict(ASKED)
    assert all(changes in [one for _, one in ASKED] for changes in OF_SOME)


@pytest.mark.parametrize(("algo", "changes"), ASKED, ids=str)
def test_what_is_asked_for_reaches_every_rule_and_repeats(dataset, algo, changes):
    def learnt(**options):
        options = {**offered(algo, QUICK), "epochs": 4, **options}
        if options.get("optimizer") == "gd":
            del options["batch"]
        run = train(dataset, Options(algo=algo, **options))
        return run.model.params.vector.tobytes()

    assert learnt(**changes) == learnt(**changes, threads=2)
    less = dict(list(changes.items())[:-1]) if len(changes) > 1 else {}
    assert learnt(**changes) != learnt(**less)


def test_the_seed_decides_the_noise(dataset):
    options = {**QUICK, "algo": "bp", "input_noise": 0.5, "val": 0, "test": 0}
    seeds = [
        make_optimizer({"optimizer": "sgd"}, Network("dense", 3, (), 3), n).seed for n in (1, 2)
    ]
    assert seeds[0] != seeds[1]
    runs = [train(dataset, Options(**options, seed=1)) for _ in range(2)]
    assert runs[0].model.params.vector.tobytes() == runs[1].model.params.vector.tobytes()


@pytest.mark.parametrize("name", ["bp", "wp"])
def test_saturation_stands_in_the_history(dataset, name):
    """Weights from N(0, 1) on many inputs saturate; small ones do not."""
    shape = {**QUICK, "algo": name, "activation": "sigmoid", "hidden": (12, 7)}
    runs = [train(dataset, Options(**shape, weights=start)) for start in ("normal", "xavier")]
    wide, narrow = ([entry["saturation"] for entry in run.history] for run in runs)
    assert all(len(shares) == 2 for shares in (*wide, *narrow))
    assert wide[0][0] > 0.1 > narrow[0][0]
