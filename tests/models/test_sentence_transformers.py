"""What files of transformers and sentence-transformers beside a checkpoint change, or refuse."""

import json

import pytest
from pretrained import CONFIG, NEEDED, WEIGHTS, changed, copied, packed, refused

from seq2report.core.command import UserError
from seq2report.models.pretrained import read_checkpoint
from seq2report.models.sentence_transformers import check_pooling

bad = pytest.mark.reliability("Bad vectors")
# Of transformers 4.57.6: AutoTokenizer.from_pretrained(folder) with these values and no vocab.txt.
NORMALISED = [
    ({}, "the film caf ##e 電 影 not"),
    ({"do_lower_case": False}, "The Film caf ##é 電 影 [UNK]"),
    *(
        ({"do_lower_case": False, "tokenizer_class": name}, "the film caf ##e 電 影 not")
        for name in ("PreTrainedTokenizerFast", "TokenizersBackend")
    ),
    ({"strip_accents": False}, "the film caf ##é 電 影 not"),
    ({"tokenize_chinese_chars": False}, "the film caf ##e [UNK] not"),
]


@pytest.mark.parametrize(("values", "pieces"), NORMALISED)
def test_the_options_of_a_tokeniser_change_it_as_in_transformers(tmp_path, values, pieces):
    folder = copied(tmp_path / "bert", files=(*NEEDED, "tokenizer_config.json"))
    changed(folder, "tokenizer_config.json", **values)
    tokenizer = read_checkpoint(folder).tokenizer
    expected = ["[CLS]", *pieces.split(), "[SEP]"]
    assert tokenizer.encode("The Film café 電影 NOT").tokens == expected


@pytest.mark.parametrize("file", ["tokenizer.json", "vocab.txt"])
def test_an_option_of_null_is_none(tmp_path, file):
    folder = copied(tmp_path / "bert", files=(CONFIG, WEIGHTS, file))
    names = ("do_lower_case", "tokenize_chinese_chars", "tokenizer_class", "strip_accents")
    (folder / "tokenizer_config.json").write_text(json.dumps(dict.fromkeys(names)))
    tokens = read_checkpoint(folder).tokenizer.encode("The Film café 電影 NOT").tokens
    assert tokens[1:-1] == ["the", "film", "caf", "##e", "電", "影", "not"]


def with_modules(folder, *kinds, pooling=None):
    """Add the files of sentence-transformers to a checkpoint; return its folder."""
    rows = [
        {
            "idx": n,
            "name": str(n),
            "path": f"{n}_{kind}",
            "type": f"sentence_transformers.models.{kind}",
        }
        for n, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(rows))
    if pooling is not None:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling/config.json").write_text(json.dumps(pooling))
    return folder


MEAN = {"word_embedding_dimension": 16, "pooling_mode_cls_token": False}
MEAN |= {"pooling_mode_mean_tokens": True, "include_prompt": True}
CLS = MEAN | {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}


@bad
@pytest.mark.parametrize(
    "kinds", [("Transformer", "Pooling", "Dense", "Normalize"), ("CLIPModel",)]
)
def test_layers_that_are_not_computed_are_refused(tmp_path, kinds):
    folder = with_modules(copied(tmp_path / "labse"), *kinds)
    name = "Dense" if "Dense" in kinds else "CLIPModel"
    for path in (folder, packed(folder, "zip")):
        assert f"modules.json has the module {name}, expected only Transformer" in refused(path)
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / WEIGHTS).write_bytes(b"other weights")
    assert f"modules.json has the module {name}" in refused(folder)


@bad
@pytest.mark.parametrize("content", ["{}", "[1]", '[{"type": 1}]', "[{}]", "["])
def test_modules_that_are_none_are_refused(tmp_path, content):
    folder = copied(tmp_path / "bert")
    (folder / "modules.json").write_text(content)
    assert "PATH: modules.json " in refused(folder)


@pytest.mark.parametrize(
    ("settings", "poolings"),
    [
        (MEAN, ["mean"]),
        (CLS, ["cls"]),
        ({"pooling_mode": "cls"}, ["cls"]),
        ({}, ["mean", "cls"]),
        (None, ["mean", "cls"]),
    ],
)
def test_the_pooling_of_a_checkpoint_is_known(tmp_path, settings, poolings):
    kinds = ("Transformer", "Pooling", "Normalize")
    folder = with_modules(copied(tmp_path / "e5"), *kinds, pooling=settings)
    for pooling in poolings:
        check_pooling({"pooling": pooling}, folder, read_checkpoint(folder).poolings)


@bad
@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (CLS, "cls"),
        (CLS | {"pooling_mode_cls_token": False, "pooling_mode_max_tokens": True}, "max_tokens"),
        (MEAN | {"pooling_mode_max_tokens": True}, "mean and max_tokens"),
        ({"pooling_mode": ["cls", "mean"]}, "['cls', 'mean']"),
    ],
)
def test_another_pooling_than_that_of_the_checkpoint_is_refused(tmp_path, settings, found):
    folder = with_modules(copied(tmp_path / "bge"), "Transformer", "Pooling", pooling=settings)
    with pytest.raises(UserError) as error:
        check_pooling({"pooling": "mean"}, folder, read_checkpoint(folder).poolings)
    message = f"pooling: found mean, but {folder}: 1_Pooling/config.json has {found}; set the same"
    assert str(error.value).startswith(message)


def test_a_mean_without_the_prefix_is_refused(tmp_path):
    pooled = MEAN | {"include_prompt": False, "pooling_mode_mean_tokens": False}
    folder = with_modules(copied(tmp_path / "one"), "Transformer", "Pooling", pooling=pooled)
    poolings = read_checkpoint(folder).poolings
    for settings in ({"pooling": "mean"}, {"pooling": "cls", "prefix": "the "}):
        check_pooling(settings, folder, poolings)
    with pytest.raises(UserError) as error:
        check_pooling({"pooling": "mean", "prefix": "the "}, folder, poolings)
    message = f"prefix: found 'the ', but {folder}: 1_Pooling/config.json has no include_prompt"
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("file", ["sentence_bert_config.json", "sentence_distilbert_config.json"])
def test_lower_case_before_a_tokeniser_that_keeps_the_case_is_refused(tmp_path, file):
    cased = copied(tmp_path / "cased", "bert_prefixed")
    lower = copied(tmp_path / "lower", "bert_plain")
    for folder in (cased, lower):
        (folder / file).write_text('{"max_seq_length": 16, "do_lower_case": true}')
    assert f"PATH: {file} has do_lower_case, but the tokeniser keeps upper case" in refused(cased)
    read_checkpoint(lower)
    read_checkpoint(changed(cased, file, do_lower_case=False))
