import numpy as np
import pytest
from sklearn.base import ClassifierMixin

from seq2report.core.command import UserError
from seq2report.models.layers import build_steps, step_classes
from seq2report.models.pipelines import build_pipeline, calibrated, fitted, joined_word

CLASSES = np.array(list("abcde"))
CLASSIFIERS = [name for name, step in step_classes().items() if issubclass(step, ClassifierMixin)]
OPTIONS = [
    *((name, {}) for name in CLASSIFIERS),
    *(
        ("SGDClassifier", {"loss": loss})
        for loss in ("log_loss", "modified_huber", "squared_hinge", "perceptron", "huber")
    ),
    ("DummyClassifier", {"strategy": "most_frequent"}),
    ("LinearSVC", {"multi_class": "crammer_singer"}),
    ("NuSVC", {"nu": 0.2, "kernel": "linear"}),
    ("SVC", {"kernel": "linear", "class_weight": {"a": 9}}),
    ("ComplementNB", {"norm": True}),
]


@pytest.mark.filterwarnings("ignore")  # not converged, deprecated
@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_the_most_probable_class_is_the_one_that_the_classifier_of_scikit_learn_decides_for(
    name, options, count
):
    rng = np.random.default_rng(1)
    truth = rng.integers(count, size=40 * count)
    x = rng.poisson(0.3 + np.eye(count)[truth]).clip(max=3)  # counts of words, as in documents
    x = x if name == "CategoricalNB" else x * rng.uniform(1, 2, size=count)
    parts, y = [{name: options}], CLASSES[truth]
    ties = {"break_ties": True} if name in ("SVC", "NuSVC") else {}  # by the decision values
    plain = build_steps([{name: options | ties}])[0]
    if plain.get_params().get("random_state", 0) is None:
        plain.set_params(random_state=7)
    expected = plain.fit(x, y).predict(x)
    model = build_pipeline(parts, 7).fit(x, y)
    probability = model.predict_proba(x)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[probability.argmax(axis=1)], expected)
    np.testing.assert_array_equal(model.predict(x), expected)


@pytest.mark.reliability("Languages")
@pytest.mark.parametrize("union", [False, True])
def test_a_token_pattern_that_reads_sentences_as_words_is_noticed(union):
    texts = [f"房间很大床很舒服{n},服务很好早餐不错" for n in range(8)]
    labels = np.array(list("abababab"))
    for pattern, expected in ((r"\w+", "房间很大床很舒服0"), ("words", None), (r"\w", None)):
        step = {"CountVectorizer": {"token_pattern": pattern}}
        step = {"FeatureUnion": {"of": [step]}} if union else step
        model = fitted(build_pipeline([step, {"MultinomialNB": {}}], 1), texts, labels)
        assert joined_word(model) == expected


def test_a_value_that_scikit_learn_cannot_use_is_one_message():
    texts, labels = ["good film", "dull film"], np.array(["x", "y"])
    steps = [{"CountVectorizer": {}}, {"MLPClassifier": {"hidden_layer_sizes": [1.5]}}]
    with pytest.raises(UserError, match=r"cannot fit this pipeline to 2 documents: .*float"):
        fitted(build_pipeline(steps, 1), texts, labels)


def test_a_pipeline_stays_as_it_is_if_no_validation_document_has_a_class_that_was_fitted():
    texts, labels = ["a b", "b c", "c d", "d e"], np.array(list("xyxy"))
    pipeline = build_pipeline([{"CountVectorizer": {"token_pattern": r"\w"}}, {"LinearSVC": {}}], 1)
    validation = ["a", "b"], np.array(["z", "z"])
    model, probability = calibrated(pipeline, (texts, labels), validation, ["x", "y", "z"])
    assert model[-1].temperature == 1
    np.testing.assert_allclose(probability.sum(axis=1), 1)
