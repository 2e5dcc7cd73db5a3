import re

from configurations import COMMITTED, changed, settings_of
from helpers import ROOT

from seq2report.config.references import TAKEN, reference_mistakes


def test_no_corpus_has_the_name_of_a_folder_of_the_workflow():
    rules = "".join(path.read_text("utf-8") for path in (ROOT / "workflow/rules").glob("*.smk"))
    folders = set(re.findall(r"\{RESULTS\}/([a-z]+)/|Path\(RESULTS, \"([a-z]+)\"", rules))
    tables = re.findall(r"\{TABLES\}/([a-z]+)/", rules)
    assert {name for names in folders for name in names if name} | {*tables} == {*TAKEN["corpora"]}


def test_a_network_that_reads_features_reads_nothing_else():
    features = {"ngram": {"steps": [{"TfidfVectorizer": {}}]}} | COMMITTED["features"]

    def mistakes(given, **fit):
        variant = {"title": "V", "input": given, "layers": [{"Dense": {"units": 3}}], "fit": fit}
        return list(reference_mistakes(changed({"features": features, "variants.v": variant})))

    assert mistakes({"features": "ngram"}) == []
    (found,) = mistakes({"features": "ngramm"})
    assert found.startswith("variants.v.input.features: unknown 'ngramm'; did you mean 'ngram'?")
    (found,) = mistakes({"features": "ngrams", "length": 5})
    assert found.startswith("variants.v.input: 'length' and 'features' exclude each other")
    (found,) = mistakes({"features": "ngrams"}, protocol="lecture")
    assert "networks that read tokens, not features" in found
    variant = {"title": "V", "input": {"features": "ngrams"}, "layers": [{"Dense": {"units": 3}}]}
    read = settings_of(changed({"features": features, "variants.v": variant}), "v")["input"]
    assert read == {"form": "features", "features": "ngrams"}
