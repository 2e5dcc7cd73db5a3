import hashlib
import io
import re
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cut_sample import GROUPS, IMDB, NEWSGROUPS, choose, main, read_documents, rounding_loss
from read_vectors import read_vectors
from seq2report.core.command import UserError
from seq2report.documents.tokens import vocabulary
from seq2report.files.archives import members
from seq2report.vectors.vectors import open_vectors, read_rows

SAMPLE = Path(__file__).parents[2] / "resources" / "sample"
README = (SAMPLE / "README.md").read_text(encoding="utf-8")
HEADER = b"From: someone\nSubject: nothing\n\n"
OUTPUTS = ["SHA256SUMS", "glove.6B.50d.sample.zip", "imdb.tar.xz", "newsgroups.tar.xz"]


# Tiny archives


def messages(group: str, bodies: dict[int, bytes]) -> dict[str, bytes]:
    return {f"20_newsgroup/{group}/{n}": HEADER + body for n, body in bodies.items()}


def tiny_newsgroups() -> dict[str, bytes]:
    files = {"20_newsgroup/README": b"not a message", **messages("alt.atheism", {9: b"no\n"})}
    for group in GROUPS:
        files |= messages(group, {n: b"Hello, %d caf\xe9!\n" % n for n in range(5)})
        files |= messages(group, {5: b"", 6: b"\n\n", 7: b" -- \n...\n"})
    return files


def tiny_imdb() -> dict[str, bytes]:
    files = {"aclImdb/README": b"about", "aclImdb/train/unsup/0_0.txt": b"unlabelled"}
    for split in ("train", "test"):
        for label, rating in (("pos", 8), ("neg", 2)):
            for n in range(6):
                text = f"Seen<br />twice, {split} {label} {n}: d\u00e9j\u00e0 vu."
                files[f"aclImdb/{split}/{label}/{n}_{rating}.txt"] = text.encode()
    return files


def tiny_glove(dimensions: int = 50) -> tuple[list[str], np.ndarray]:
    words = ["the", "hello", "vu", "br", "wordless", "caf\u00e9", ","]
    vectors = np.random.default_rng(1).normal(size=(len(words), dimensions)).astype(np.float32)
    vectors[1, :3] = [-0.001, 0.125, 1.0]
    return words, vectors


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for number, (name, content) in enumerate(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uname = len(content), 1000 + number, "someone"
            archive.addfile(member, io.BytesIO(content))
    return path


def glove_lines(words: list[str], vectors: np.ndarray) -> bytes:
    rows = [
        f"{word} {' '.join(f'{value:.9g}' for value in row)}"
        for word, row in zip(words, vectors, strict=True)
    ]
    return ("\n".join(rows) + "\n").encode()


def glove_wheel(path: Path) -> Path:
    words, vectors = tiny_glove()
    matrix, index = io.BytesIO(), io.BytesIO()
    np.save(matrix, vectors)
    pl.DataFrame({"index": words}).write_parquet(index)
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("glove/vectors.npy", matrix.getvalue())
        wheel.writestr("glove/index.parquet", index.getvalue())
        wheel.writestr("glove/LICENSE.txt", "PDDL")
    return path


def cut(folder: Path, *, backwards=False, glove: Path | None = None, sizes=(3, 4)) -> Path:
    """Cut a sample of tiny archives made in ``folder``; return where it is."""
    folder.mkdir(exist_ok=True)
    order = (lambda files: dict(reversed(files.items()))) if backwards else dict
    text = folder / "glove.6B.50d.txt"
    text.write_bytes(glove_lines(*tiny_glove()))
    news = pack(folder / "news.tar.gz", order(tiny_newsgroups()))
    imdb = pack(folder / "imdb.tar.gz", order(tiny_imdb()))
    arguments = {
        "--newsgroups": news,
        "--imdb": imdb,
        "--glove": glove or text,
        "--output": folder / "sample",
        "--messages": sizes[0],
        "--reviews": sizes[1],
    }
    main([str(piece) for pair in arguments.items() for piece in pair])
    return folder / "sample"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return cut(tmp_path_factory.mktemp("tiny"))


def lowest(names: list[str], number: int) -> list[str]:
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())[:number]


def test_messages_are_those_of_the_lowest_digests_and_unchanged(tiny):
    files = tiny_newsgroups()
    chosen = [name for g in GROUPS for name in lowest([f"{g}/{n}" for n in range(5)], 3)]
    expected = [(f"20_newsgroups/{name}", files[f"20_newsgroup/{name}"]) for name in sorted(chosen)]
    assert list(members(tiny / "newsgroups.tar.xz")) == expected


def test_reviews_are_those_of_the_lowest_digests_and_unchanged(tiny):
    chosen = []
    for split, number in (("train", 4), ("test", 2)):
        for label, rating in (("pos", 8), ("neg", 2)):
            chosen += lowest([f"{split}/{label}/{n}_{rating}" for n in range(6)], number)
    names = [f"aclImdb/{name}.txt" for name in sorted(chosen)]
    assert list(members(tiny / "imdb.tar.xz")) == [(name, tiny_imdb()[name]) for name in names]


def test_messages_without_words_are_left_out(tmp_path):
    for name, _ in members(cut(tmp_path / "all", sizes=(5, 4)) / "newsgroups.tar.xz"):
        assert int(name.rpartition("/")[2]) < 5


def test_vectors_are_of_the_words_that_occur_in_order_and_rounded(tiny, tmp_path):
    every, exact = tiny_glove()
    assert read_vectors(tiny / "glove.6B.50d.sample.zip", tmp_path) == 4
    words, stored = open_vectors(tmp_path / "words.parquet", tmp_path / "vectors.npy", None)
    assert words["word"].to_list() == ["hello", "vu", "br", "caf\u00e9"]
    vectors = read_rows(words, stored, np.arange(4), "the sample")
    rows = [every.index(word) for word in words["word"]]
    assert np.abs(vectors - exact[rows]).max() <= 0.005001


def test_vectors_are_in_upstreams_text_form(tiny):
    [(name, text)] = members(tiny / "glove.6B.50d.sample.zip")
    assert name == "glove.6B.50d.txt"
    assert text.startswith(b"hello 0 0.12 1 ")  # no -0, no trailing zeros; 0.125 to even
    assert text.endswith(b"\n")
    assert all(len(line.split(b" ")) == 51 for line in text.splitlines())


def test_members_carry_no_times_and_no_owners(tiny):
    with tarfile.open(tiny / "imdb.tar.xz") as archive:
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in archive} == {
            (0, 0, 0, "", "", 0o644)
        }
    with zipfile.ZipFile(tiny / "glove.6B.50d.sample.zip") as archive:
        assert [member.date_time for member in archive.infolist()] == [(1980, 1, 1, 0, 0, 0)]


def test_sums_are_right(tiny):
    assert list(contents(tiny)) == OUTPUTS
    check_sums(tiny)


@pytest.mark.reliability("Repeatability")
def test_the_order_of_the_archives_changes_no_byte(tiny, tmp_path):
    assert contents(cut(tmp_path / "again", backwards=True)) == contents(tiny)


def test_text_zip_and_wheel_of_glove_give_the_same_bytes(tiny, tmp_path):
    packed = tmp_path / "glove.6B.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("glove.6B.100d.txt", glove_lines(*tiny_glove(100)))
        archive.writestr("glove.6B.50d.txt", glove_lines(*tiny_glove()))
    wheel = glove_wheel(tmp_path / "glove.whl")
    assert contents(cut(tmp_path / "zip", glove=packed)) == contents(tiny)
    assert contents(cut(tmp_path / "wheel", glove=wheel)) == contents(tiny)


def test_other_files_in_the_folder_stay(tmp_path):
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "README.md").write_text("kept")
    assert (cut(tmp_path) / "README.md").read_text() == "kept"


@pytest.mark.parametrize(
    ("sizes", "named"),
    [
        ((6, 4), r"'comp.graphics': expected 6 documents, found 5 with words and 3 without"),
        ((3, 7), r"'train/neg': expected 7 documents, found 6"),
    ],
)
def test_too_few_documents_name_the_class(tmp_path, sizes, named):
    with pytest.raises(UserError, match=named):
        cut(tmp_path, sizes=sizes)


def test_a_class_that_is_missing_is_named():
    documents = read_documents(tiny_newsgroups().items(), NEWSGROUPS)
    with pytest.raises(UserError, match=r"'sci\.med': expected 1 documents, found 0"):
        choose(documents, {"sci.space": 1, "sci.med": 1})


def test_wrong_glove_files_are_refused(tmp_path):
    wrong = tmp_path / "glove.txt"
    with pytest.raises(UserError, match="no such file"):
        cut(tmp_path / "1", glove=wrong)
    wrong.write_bytes(glove_lines(*tiny_glove(100)))
    with pytest.raises(UserError, match="100 dimensions, expected 50"):
        cut(tmp_path / "2", glove=wrong)
    wrong.write_bytes(glove_lines(["elsewhere"], np.ones((1, 50))))
    with pytest.raises(UserError, match="none of the"):
        cut(tmp_path / "3", glove=wrong)


@pytest.mark.parametrize("sizes", [(0, 4), (3, 1)])
def test_numbers_that_make_no_sample_are_refused(tmp_path, sizes, capsys):
    with pytest.raises(SystemExit):
        cut(tmp_path, sizes=sizes)
    assert "must be" in capsys.readouterr().err


def test_rounding_loss():
    exact = np.array([[3.0, 4.0], [1.0, 0.0]])
    error, cosine = rounding_loss(exact, np.array([[3.0, 4.0], [1.0, 1.0]]))
    assert error == 1.0
    assert cosine == pytest.approx((1 + 0.5**0.5) / 2)


# The sample of the repository


@pytest.fixture(scope="module")
def sample() -> dict[str, pl.DataFrame]:
    return {
        "newsgroups": read_documents(members(SAMPLE / "newsgroups.tar.xz"), NEWSGROUPS),
        "imdb": read_documents(members(SAMPLE / "imdb.tar.xz"), IMDB),
    }


def sizes_of_classes(documents: pl.DataFrame) -> dict[str, int]:
    return dict(documents.group_by("class").len().sort("class").iter_rows())


def check_sums(folder: Path) -> None:
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    assert sorted(["SHA256SUMS", *sums]) == OUTPUTS
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_sample_has_its_documents_and_no_other_files(sample):
    assert sizes_of_classes(sample["newsgroups"]) == dict.fromkeys(GROUPS, 400)
    assert sizes_of_classes(sample["imdb"]) == {
        "test/neg": 500,
        "test/pos": 500,
        "train/neg": 1000,
        "train/pos": 1000,
    }
    assert sum(1 for _ in members(SAMPLE / "newsgroups.tar.xz")) == 1600
    assert sum(1 for _ in members(SAMPLE / "imdb.tar.xz")) == 3000


def test_sample_has_upstreams_paths():
    for name, _ in members(SAMPLE / "newsgroups.tar.xz"):
        assert re.fullmatch(r"20_newsgroups/[a-z.]+/\d+", name)
    for name, _ in members(SAMPLE / "imdb.tar.xz"):
        assert re.fullmatch(r"aclImdb/(train|test)/(pos|neg)/\d+_\d+\.txt", name)


def test_sample_is_small_and_its_sums_hold():
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) <= 6_000_000
    check_sums(SAMPLE)


def test_sample_is_what_the_script_would_choose_from_it(sample):
    for documents in sample.values():
        again = choose(documents, sizes_of_classes(documents))
        assert again.sort("id").equals(documents.sort("id"))


def test_sample_vectors_are_whole_and_of_words_that_occur(sample):
    [(name, text)] = members(SAMPLE / "glove.6B.50d.sample.zip")
    assert name == "glove.6B.50d.txt"
    lines = [line.split(" ") for line in text.decode().splitlines()]
    assert {len(line) for line in lines} == {51}
    words = [line[0] for line in lines]
    vectors = np.array([line[1:] for line in lines], dtype=np.float64)
    assert np.isfinite(vectors).all()
    assert len(set(words)) == len(words)
    occur = set(vocabulary(pl.concat(sample.values()))["word"])
    assert set(words) <= occur
    assert f"{len(words):,} of the {len(occur):,} words" in README
    assert np.array_equal(np.round(vectors, 2), vectors)
    assert "rounded to 2 decimals" in README


def test_readme_states_the_sizes():
    stated = re.findall(r"^\| `(\S+)` \| ([\d,]+) \|", README, re.MULTILINE)
    assert {name: int(size.replace(",", "")) for name, size in stated} == {
        path.name: path.stat().st_size
        for path in SAMPLE.iterdir()
        if path.suffix in (".xz", ".zip")
    }


def test_readme_states_the_repeated_texts(sample):
    news, imdb = sample["newsgroups"], sample["imdb"]
    assert news.height - news["text"].n_unique() == 4
    assert "4 messages repeat the text of another" in README
    pairs = news.filter(pl.col("text").is_duplicated()).group_by("text").agg("id", "class")
    across = pairs.filter(pl.col("class").list.n_unique() > 1)["id"].list.sort().to_list()
    assert across == [["sci.space/60152", "talk.politics.mideast/75377"]]
    assert not imdb["text"].is_duplicated().any()


def test_readmes_command_has_the_scripts_options(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    known = capsys.readouterr().out
    stated = set(re.findall(r"--[a-z]+(?= )", README.partition("```")[2].partition("```")[0]))
    assert {"--newsgroups", "--imdb", "--glove", "--output"} <= stated
    assert all(option in known for option in stated)


def test_readme_names_no_place_of_this_machine():
    assert not re.search(r"/(work|tmp|home|root)/|pypi|simple/", README)
