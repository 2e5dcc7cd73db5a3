"""Checkpoints of pretrained encoders: where they may be, and what is refused."""

import json
import resource
import struct
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pretrained import (
    CONFIG,
    DATA,
    NEEDED,
    TINY,
    WEIGHTS,
    changed,
    copied,
    packed,
    reference,
    refused,
)
from safetensors.numpy import load_file, save_file

from seq2report.core.command import UserError
from seq2report.documents.pieces import Splitter
from seq2report.models.pretrained import check_length, read_checkpoint

TOKENIZER, VOCABULARY = "tokenizer.json", "vocab.txt"
TOP = "encoder.layer.1.output.dense.weight"
bad = pytest.mark.reliability("Bad vectors")


def splitter_of(path, length=None, prefix=""):
    checkpoint = read_checkpoint(path)
    a = checkpoint.architecture
    return Splitter(checkpoint.tokenizer, length or a.positions, prefix)


def ids_of(splitter, *texts):
    flat, lengths = splitter.encode(texts)
    return [ids.tolist() for ids in np.split(flat, np.cumsum(lengths)[:-1])]


def rewritten(folder, **tensors):
    """Change tensors of model.safetensors, those of None are removed; return the folder."""
    content = load_file(folder / WEIGHTS) | tensors
    save_file({key: value for key, value in content.items() if value is not None}, folder / WEIGHTS)
    return folder


@pytest.mark.parametrize("below", ["", "a/model/", "./"])
@pytest.mark.parametrize("kind", ["tar", "zip", "whl"])
def test_an_archive_is_read_as_its_folder(tmp_path, kind, below):
    folder = copied(tmp_path / "bert")
    of_folder, of_archive = read_checkpoint(folder), read_checkpoint(packed(folder, kind, below))
    assert of_archive.architecture == of_folder.architecture
    weights = of_folder.read_weights()
    for name, found in of_archive.read_weights().items():
        np.testing.assert_array_equal(found, weights[name])
    texts = reference("bert_plain")["texts"]
    found = of_archive.tokenizer.encode_batch(texts)
    assert [each.ids for each in found] == [of_folder.tokenizer.encode(t).ids for t in texts]


@pytest.mark.parametrize("name", [name for name in TINY if (DATA / name / VOCABULARY).exists()])
@given(st.text())
def test_a_vocabulary_alone_gives_the_same_pieces(tmp_path_factory, name, text):
    whole, alone = _both(tmp_path_factory, name)
    assert ids_of(alone, text, "The café") == ids_of(whole, text, "The café")


def _both(factory, name, known={}):  # noqa: B006 (one per name)
    if name not in known:
        files = (CONFIG, WEIGHTS, VOCABULARY, "tokenizer_config.json")
        alone = copied(factory.mktemp("alone") / name, name, files)
        known[name] = splitter_of(DATA / name), splitter_of(alone)
    return known[name]


@pytest.mark.parametrize(
    ("name", "of_tokenizer"),
    [
        ("BertJapaneseTokenizer", None),
        ("BertJapaneseTokenizer", "BertJapaneseTokenizer"),
        ("BertTokenizer", "BertJapaneseTokenizer"),
        (None, "TokenizersBackend"),
    ],
)
def test_a_vocabulary_alone_of_another_tokeniser_is_refused(tmp_path, name, of_tokenizer):
    folder = changed(copied(tmp_path / "bert", files=(CONFIG, WEIGHTS, VOCABULARY)))
    changed(folder, tokenizer_class=name)
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": of_tokenizer}))
    expected = f"PATH: found the tokeniser {of_tokenizer or name} and no tokenizer.json, expected"
    assert refused(folder).startswith(f"{expected} BertTokenizer or")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "DistilBertTokenizerFast"}')
    read_checkpoint(folder)


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_the_id_of_a_piece_is_its_line(tmp_path, end):
    folder = copied(tmp_path / "bert", files=(CONFIG, WEIGHTS, VOCABULARY))
    lines = (folder / VOCABULARY).read_text("utf-8").split("\n")[:-1]
    before = ids_of(splitter_of(folder), "the film")
    lines[30], lines[31] = "\u2028", "\x85"  # ends of lines for Python, not in vocab.txt
    (folder / VOCABULARY).write_text(end.join(lines), encoding="utf-8", newline="")
    found = read_checkpoint(folder).tokenizer
    assert [found.token_to_id(line) for line in lines] == list(range(len(lines)))
    assert ids_of(splitter_of(folder), "the film") == before


@bad
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model_type": "roberta"}, "found model_type roberta, expected bert or distilbert"),
        ({"model_type": None}, "found model_type None"),
        ({"model_type": ["bert"]}, "found model_type"),
        ({"auto_map": {"AutoModel": "a.B"}}, "auto_map is"),
        ({"position_embedding_type": "alibi"}, "position_embedding_type is 'alibi'"),
        ({"is_decoder": True}, "is_decoder is True"),
        ({"add_cross_attention": True}, "add_cross_attention is True"),
        ({"feed_forward_type": "geglu"}, "feed_forward_type is 'geglu'"),
        ({"pruned_heads": {"0": [1]}}, "pruned_heads is"),
        ({"hidden_act": "gelu_10"}, "hidden_act: found gelu_10, expected gelu or gelu_python or"),
        ({"hidden_act": ["gelu"]}, "hidden_act: found ['gelu'], expected gelu or"),
        ({"hidden_size": 15}, "not a multiple of num_attention_heads"),
    ],
    ids=str,
)
def test_another_architecture_is_refused(tmp_path, values, message):
    assert message in refused(changed(copied(tmp_path / "bert"), **values))


def test_a_value_of_null_is_none_and_gelu_python_is_gelu(tmp_path):
    folder, expected = copied(tmp_path / "bert"), read_checkpoint(DATA / "bert_plain").architecture
    content = json.loads((folder / CONFIG).read_text()) | {"hidden_act": "gelu_python"}
    content |= {"is_decoder": None, "pruned_heads": None, "layer_norm_eps": None}
    (folder / CONFIG).write_text(json.dumps(content))
    assert read_checkpoint(folder).architecture == replace(expected, activation="gelu_python")


@bad
@pytest.mark.parametrize("value", [-1, 0, 1e99, float("nan"), 2.5, True, "12", [], {}, 10**300])
@pytest.mark.parametrize(
    "key",
    [
        *("vocab_size", "max_position_embeddings", "num_hidden_layers", "num_attention_heads"),
        *("hidden_size", "intermediate_size"),
    ],
)
def test_a_size_that_is_none_is_refused(tmp_path, key, value):
    assert key in refused(changed(copied(tmp_path / "bert"), **{key: value}))


@bad
@pytest.mark.parametrize("value", [-0.1, 1e99, float("nan"), True, "0", []])
@pytest.mark.parametrize("key", ["layer_norm_eps", "hidden_dropout_prob"])
def test_a_fraction_that_is_none_is_refused(tmp_path, key, value):
    assert key in refused(changed(copied(tmp_path / "bert"), **{key: value}))


@bad
@pytest.mark.parametrize(
    "key", ["vocab_size", "max_position_embeddings", "num_hidden_layers", "intermediate_size"]
)
def test_a_size_that_is_not_that_of_the_weights_is_refused_at_once(tmp_path, key):
    message = refused(changed(copied(tmp_path / "bert"), **{key: 1 << 24}))
    assert "expected [16777216" in message or "is missing" in message


@bad
@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (CONFIG, "found no config.json beside model.safetensors"),
        (TOKENIZER, "found no tokenizer.json or vocab.txt"),
        (WEIGHTS, "found 0 files of this name, expected one model.safetensors"),
    ],
)
def test_a_missing_file_is_named(tmp_path, missing, message):
    folder = copied(tmp_path / "bert", files=tuple(name for name in NEEDED if name != missing))
    assert message in refused(folder)
    assert message in refused(packed(folder, "zip"))


@bad
@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors.index.json"])
def test_other_weights_are_refused(tmp_path, name):
    folder = copied(tmp_path / "bert", files=(CONFIG, TOKENIZER))
    (folder / name).write_bytes(b"x")
    expected = f"found {name}, expected one model.safetensors; convert the weights"
    assert expected in refused(folder)


def test_hidden_files_of_a_repository_are_not_read(tmp_path):
    folder = copied(tmp_path / "bert")
    archive = packed(folder, "zip")
    (folder / ".git").mkdir()
    for name in ("modules.json", WEIGHTS):
        (folder / ".git" / name).write_text("[")
        with ZipFile(archive, "a") as file:
            file.writestr(f".git/{name}", "[")
    for path in (folder, archive):
        assert read_checkpoint(path).weights == WEIGHTS


def test_a_full_disk_of_temporary_files_is_named(tmp_path, monkeypatch):
    checkpoint = read_checkpoint(packed(copied(tmp_path / "bert"), "tar"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(UserError) as error:
            checkpoint.read_weights()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(error.value).startswith(f"{tmp_path}/")
    assert "cannot be written (File too large); make room, or set TMPDIR" in str(error.value)


@bad
def test_two_models_are_refused(tmp_path):
    copied(tmp_path / "two/a")
    copied(tmp_path / "two/b")
    assert "found 2 files of this name" in refused(tmp_path / "two")


@bad
@pytest.mark.parametrize("below", ["../", "a/../../"])
def test_a_member_outside_the_folder_is_refused(tmp_path, below):
    archive = packed(copied(tmp_path / "bert"), "zip", below)
    assert "refused, because of the member" in refused(archive)


@bad
@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({TOP: None}, f"the tensor {TOP} is missing"),
        ({TOP: np.zeros((32, 16), "f4")}, f"{TOP} has the shape [32, 16], expected [16, 32]"),
        ({TOP: np.zeros((16, 32), "i8")}, f"{TOP} has the type I64"),
        ({TOP: np.full((16, 32), np.nan, "f4")}, f"{TOP} has values that are no finite numbers"),
        ({TOP: np.full((16, 32), 1e300)}, f"{TOP} has values that are no finite numbers"),
        (
            {"embeddings.token_type_embeddings.weight": np.zeros((0, 16), "f4")},
            "token_type_embeddings.weight has the shape [0, 16], expected [1, 16]",
        ),
        (
            {"embeddings.token_type_embeddings.weight": np.zeros((), "f4")},
            "token_type_embeddings.weight has the shape [], expected [1, 16]",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_tensor_that_does_not_fit_is_named(tmp_path, tensors, message):
    assert message in refused(rewritten(copied(tmp_path / "bert"), **tensors))


def _header(content: bytes, size: int | None = None) -> bytes:
    return struct.pack("<Q", len(content) if size is None else size) + content


WHOLE = (DATA / "bert_plain" / WEIGHTS).read_bytes()


@bad
@pytest.mark.parametrize(
    "content",
    [
        b"",
        WHOLE[:5],
        WHOLE[:100],
        WHOLE[:-1],
        WHOLE + b"\0",
        _header(WHOLE[8:], 1 << 62),
        _header(WHOLE[8:], 1 << 25),
        _header(WHOLE[8:], 0),
        _header(b"[" * 100_000),
        _header(b"[]"),
        _header(b'{"a": 1}'),
        _header(b'{"a": "shape"}'),
        _header(b'{"%s": "shape"}' % TOP.encode()),
        _header(b'{"embeddings.word_embeddings.weight": "shape"}'),
        _header(b'{"embeddings.word_embeddings.weight": {"shape": 3}}'),
        _header(b"\xff\xfe"),
        WHOLE.replace(b'"data_offsets":[0,', b'"data_offsets":[9,'),
        b"PK\3\4" + WHOLE,
    ],
    ids=lambda content: repr(content[:40]) + str(len(content)),
)
def test_damaged_weights_are_refused(tmp_path, content):
    folder = copied(tmp_path / "bert")
    (folder / WEIGHTS).write_bytes(content)
    assert "model.safetensors" in refused(folder)


@bad
def test_weights_that_git_lfs_did_not_fetch_are_refused(tmp_path):
    folder = copied(tmp_path / "bert")
    (folder / WEIGHTS).write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    assert "PATH: model.safetensors: it is a pointer of Git LFS" in refused(folder)


@bad
@pytest.mark.parametrize("file", [CONFIG, TOKENIZER, "tokenizer_config.json"])
@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"9" * 5000], ids=lambda b: repr(b[:9])
)
def test_damaged_json_is_refused(tmp_path, file, content):
    folder = copied(tmp_path / "bert", files=(*NEEDED, "tokenizer_config.json"))
    (folder / file).write_bytes(content)
    assert "is damaged" in refused(folder)


@bad
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["[PAD]", "[UNK]", "the"], "the tokeniser is damaged"),
        (["[PAD]", "[CLS]", "[SEP]", "the"], "the tokeniser has no piece [UNK] or <unk>"),
        (["[PAD]", "[UNK]", "[CLS]", "[SEP]", *map(str, range(99))], "ids up to 102, expected"),
        (["\xff"], "the tokeniser is damaged"),
    ],
)
def test_a_vocabulary_that_does_not_fit_is_refused(tmp_path, lines, message):
    folder = copied(tmp_path / "bert", files=(CONFIG, WEIGHTS))
    (folder / VOCABULARY).write_text("\n".join(lines), encoding="latin-1")
    assert message in refused(folder)


@bad
def test_a_tokeniser_without_special_tokens_is_refused(tmp_path):
    folder = copied(tmp_path / "bert")
    content = json.loads((folder / TOKENIZER).read_text("utf-8"))
    (folder / TOKENIZER).write_text(json.dumps(content | {"post_processor": None}))
    assert "adds 0 special tokens to a text, expected 2" in refused(folder)


@bad
@pytest.mark.parametrize("length", [0, 2, 33])
def test_a_length_above_the_positions_is_refused(length):
    architecture = read_checkpoint(DATA / "bert_plain").architecture
    check_length(32, architecture, "length")
    with pytest.raises(UserError, match=f"^length: found {length}, expected 3 to 32"):
        check_length(length, architecture, "length")


@bad
def test_a_checkpoint_that_is_not_there_is_named(tmp_path):
    assert "there is no such file" in refused(Path(tmp_path / "nothing.tar"))
