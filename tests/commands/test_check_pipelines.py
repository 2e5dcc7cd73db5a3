import pytest
from checked import DENSE, mistakes, network

import check

TFIDF, SVM = {"TfidfVectorizer": {}}, {"LinearSVC": {}}


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{"TfidfVectorizr": {}}], "pipeline[0]: unknown step 'TfidfVectorizr'; did you mean 'Tf"),
        ([TFIDF, {"LinearSVC": {"c": 1}}], "pipeline[1].LinearSVC: unknown argument 'c'"),
        ([TFIDF, {"LinearSVC": {}}, {"LinearSVC": {}}], "pipeline[1].LinearSVC: only the last"),
        (
            [TFIDF, {"NaiveBayesSVC": {"gamma": 1}}],
            "pipeline[1].NaiveBayesSVC: unknown argument 'gamma'",
        ),
        ([TFIDF, {"TemperatureScaled": {}}], "pipeline[1]: unknown step 'TemperatureScaled'"),
        (
            [{"FeatureUnion": {"of": [TFIDF, {"TfidfVectorizer": {"analyser": "char"}}]}}, SVM],
            "pipeline[0].FeatureUnion.of[1].TfidfVectorizer: unknown argument 'analyser'; did you",
        ),
        (
            [{"FeatureUnion": {"of": [{"FeatureUnion": {"of": [{"Tfidf": {}}]}}]}}, SVM],
            "pipeline[0].FeatureUnion.of[0].FeatureUnion.of[0]: unknown step 'Tfidf'; did you",
        ),
        (
            [{"FeatureUnion": {"of": [TFIDF, SVM]}}, SVM],
            "pipeline[0].FeatureUnion.of[1].LinearSVC: only the last step may be one that class",
        ),
        ([{"FeatureUnion": {}}, SVM], "pipeline[0].FeatureUnion: argument 'of' is missing"),
        ([{"FeatureUnion": {"off": []}}, SVM], "pipeline[0].FeatureUnion: unknown argument 'off'"),
        ([{"FeatureUnion": {"of": []}}, SVM], "pipeline[0].FeatureUnion.of: found [], expected a"),
        (
            [{"FeatureUnion": {"of": TFIDF}}, SVM],
            "pipeline[0].FeatureUnion.of: found {'TfidfVectorizer': {}}, expected a list of names",
        ),
        (
            [{"FeatureUnion": {"of": ["TfidfVectorizer"]}}, SVM],
            "pipeline[0].FeatureUnion.of[0]: found 'TfidfVectorizer', expected one name with its",
        ),
        (
            [{"FeatureUnion": {"of": [TFIDF]}}],
            "pipeline: the last step, FeatureUnion, does not classify",
        ),
        ([TFIDF], "pipeline: the last step, TfidfVectorizer, does not classify"),
        ([{"DummyClassifier": {}}], "pipeline: the first step, DummyClassifier, has no features"),
        (
            [TFIDF, {"LinearSVC": {"C": -1}}],
            "pipeline[1]: The 'C' parameter of LinearSVC must be a",
        ),
        (
            [{"TfidfVectorizer": {"stop_words": "german"}}, SVM],
            "pipeline[0]: The 'stop_words' parameter of TfidfVectorizer must be a str among {'engl",
        ),
        (
            [{"FeatureUnion": {"of": [TFIDF, {"CountVectorizer": {"min_df": 2.5}}]}}, SVM],
            "pipeline[0]: The 'min_df' parameter of CountVectorizer must be a float in the range [",
        ),
        (
            [{"TfidfVectorizer": {"ngram_range": [3, 1]}}, SVM],
            "pipeline: scikit-learn cannot fit these steps: Invalid value for ngram_range=(3, 1)",
        ),
        (
            [{"TfidfVectorizer": {"token_pattern": "("}}, SVM],
            "pipeline: scikit-learn cannot fit these steps: missing ), unterminated subpattern",
        ),
        (
            [TFIDF, {"SVC": {"decision_function_shape": "ovo"}}],
            "pipeline[1].SVC: found decision_function_shape: ovo; it has one value per pair of",
        ),
        ([TFIDF, {"NuSVC": {"probability": True}}], "pipeline[1].NuSVC: found probability: true"),
        (
            [TFIDF, {"DummyClassifier": {"strategy": "uniform"}}],
            "pipeline[1].DummyClassifier: found strategy: uniform; with equal probabilities",
        ),
        (
            [TFIDF, {"DummyClassifier": {"strategy": "stratified"}}],
            "pipeline[1].DummyClassifier: found strategy: stratified; it draws the class",
        ),
        ([TFIDF, {"GaussianNB": {}}], "pipeline: scikit-learn cannot fit these steps: Sparse data"),
        (
            [TFIDF, {"TruncatedSVD": {"n_components": 100}}, {"MultinomialNB": {}}],
            "pipeline: scikit-learn cannot fit these steps: Negative values in data",
        ),
        *(
            (
                [TFIDF, {"MLPClassifier": {"hidden_layer_sizes": sizes}}],
                f"pipeline[1].MLPClassifier.hidden_layer_sizes: found {size}, expected whole numb",
            )
            for sizes, size in ((["a"], "'a'"), ([9, 1.5], "1.5"), (0, "0"), ([True], "True"))
        ),
        ([SVM], "pipeline: the first step, LinearSVC, has no features of the texts to read; add a"),
    ],
)
def test_a_wrong_pipeline_is_reported(steps, message):
    (found,) = mistakes(v={"pipeline": steps})
    assert found.startswith(f"variants.v.{message}")


@pytest.mark.parametrize(
    "steps",
    [
        [{"TfidfVectorizer": {"min_df": 500, "max_df": 0.1, "max_features": 9}}, SVM],
        [{"TfidfVectorizer": {"token_pattern": "[q]{20}"}}, SVM],
        [TFIDF, {"TruncatedSVD": {"n_components": 900}}, {"LinearSVC": {"class_weight": {"a": 2}}}],
        [TFIDF, {"SelectKBest": {"k": 10**6}}, {"VarianceThreshold": {"threshold": 0.9}}, SVM],
        [TFIDF, {"LogisticRegression": {"solver": "liblinear"}}],
        [TFIDF, {"MLPClassifier": {"hidden_layer_sizes": [10**6, 10**6], "early_stopping": True}}],
        [{"CountVectorizer": {}}, {"DummyClassifier": {"strategy": "constant", "constant": "x"}}],
    ],
    ids=lambda steps: next(iter(steps[-1])),
)
def test_arguments_whose_right_value_depends_on_the_documents_are_left_to_training(steps):
    assert not mistakes(v={"pipeline": steps})


def test_features_are_checked_too():
    tfidf, svm = {"TfidfVectorizer": {}}, {"LinearSVC": {}}
    given = {"form": "features", "features": "ngrams"}
    right = {"ngrams": {"steps": [tfidf, {"NaiveBayesWeights": {}}]}}
    assert not check.mistakes({"a": network(DENSE, given=given)}, right, {}, 1000)
    (found,) = check.mistakes({}, {"ngrams": {"steps": [{"TfidfVectorizer": {"min": 2}}]}}, {}, 9)
    assert found.startswith("features.ngrams.steps[0].TfidfVectorizer: unknown argument 'min'")
    (found,) = check.mistakes({}, {"ngrams": {"steps": [tfidf, svm]}}, {}, 9)
    assert "features.ngrams.steps: the last one, LinearSVC, classifies" in found
