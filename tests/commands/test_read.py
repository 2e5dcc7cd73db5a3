import json

import polars as pl
import pyarrow.parquet as pq
import pytest
from helpers import NEWSGROUPS, write_tar

import read
from seq2report.core.command import UserError
from seq2report.documents import documents as module


def run_read(archive, folder, **changes):
    read.main(
        [
            *("--archive", str(archive), "--settings", json.dumps(NEWSGROUPS | changes)),
            *("--documents", str(folder / "d.parquet"), "--corpus", str(folder / "c.json")),
        ]
    )
    return pl.read_parquet(folder / "d.parquet"), json.loads((folder / "c.json").read_text())


def test_documents_and_their_description(tiny_archive, tmp_path):
    documents, corpus = run_read(tiny_archive, tmp_path)
    assert documents.columns == ["id", "text", "label", "split"]
    assert documents["id"].is_sorted()
    assert corpus["documents"] == documents.height == 80
    assert corpus["classes"] == ["rec.sport.hockey", "sci.space"]
    assert sum(row["documents"] for row in corpus["counts"]) == 80
    named = [(row["split"], row["label"]) for row in corpus["counts"]]
    assert named == sorted(named)
    assert len(named) == 6
    assert not documents["text"].str.contains("(?m)^Newsgroups: ").any()


def test_groups_of_a_table_stay_with_their_documents(tmp_path, monkeypatch):
    table = tmp_path / "a.csv"
    rows = [f"text {n},{'ab'[n % 2]},{['', 'u', 'v', 'w'][n % 4]}" for n in range(40)]
    table.write_text("\n".join(["text,label,group", *rows]))
    columns = {name: [name] for name in ("text", "label", "group")}
    settings = {"format": "table", "columns": columns, "split": {"validation": 0.2, "test": 0.2}}
    settings["split"] |= {"seed": 1}
    monkeypatch.setattr(module, "BLOCK", 100)
    documents, _ = run_read(table, tmp_path, **settings)
    assert documents["group"].to_list() == [
        {0: None, 1: "u", 2: "v", 3: "w"}[int(text.split()[1]) % 4] for text in documents["text"]
    ]
    ids = documents["id"].to_list()[::-1]
    found = dict(zip(ids, module.read_groups(tmp_path / "d.parquet", ids).tolist(), strict=True))
    assert len(set(found.values())) == 3 + 10
    for rows in documents.drop_nulls("group").partition_by("group"):
        assert len({found[name] for name in rows["id"]}) == 1


@pytest.mark.reliability("Bad corpora")
def test_the_pinned_digest_must_be_met_and_nothing_is_written_otherwise(tiny_archive, tmp_path):
    _, corpus = run_read(tiny_archive, tmp_path)
    run_read(tiny_archive, tmp_path / "same", digest=corpus["digest"])
    with pytest.raises(UserError, match=f"expected content digest {'0' * 64}(?s:.*)found"):
        run_read(tiny_archive, tmp_path / "other", digest="0" * 64)
    assert not any((tmp_path / "other").iterdir())


def test_small_blocks_give_the_same_files_and_leave_nothing_behind(
    tiny_archive, tmp_path, monkeypatch
):
    whole, about = run_read(tiny_archive, tmp_path / "whole")
    monkeypatch.setattr(module, "BLOCK", 5_000)
    parts, about_parts = run_read(tiny_archive, tmp_path / "parts")
    assert parts.equals(whole)
    assert about_parts == about
    assert pq.ParquetFile(tmp_path / "whole/d.parquet").num_row_groups == 1
    assert pq.ParquetFile(tmp_path / "parts/d.parquet").num_row_groups > 10
    assert {path.name for path in (tmp_path / "parts").iterdir()} == {"d.parquet", "c.json"}


@pytest.mark.reliability("Bad corpora")
def test_an_archive_of_something_else_is_refused(tmp_path):
    archive = write_tar(tmp_path / "x.tar.gz", {"README": b"hello"})
    with pytest.raises(UserError, match=r"x\.tar\.gz: no document found"):
        run_read(archive, tmp_path)


@pytest.mark.reliability("Bad corpora")
def test_one_class_is_refused(tmp_path):
    archive = write_tar(tmp_path / "x.tar.gz", {"g/1": b"a", "g/2": b"b"})
    with pytest.raises(UserError, match=r"\['g'\], expected two classes"):
        run_read(archive, tmp_path)


@pytest.mark.reliability("Bad corpora")
def test_two_documents_of_one_id_are_refused(tmp_path, monkeypatch):
    archive = write_tar(tmp_path / "x.tar.gz", {"a/g/1": b"a", "b/g/1": b"b", "a/h/1": b"c"})
    for block in (module.BLOCK, 1):
        monkeypatch.setattr(module, "BLOCK", block)
        with pytest.raises(UserError, match=r"x\.tar\.gz: .*two documents have the id 'g/1'"):
            run_read(archive, tmp_path)


@pytest.mark.reliability("Bad corpora")
def test_a_corpus_too_small_for_its_split_is_refused(tmp_path):
    archive = write_tar(tmp_path / "x.tar.gz", {"g/1": b"a", "h/1": b"b"})
    with pytest.raises(UserError, match="no document for validation"):
        run_read(archive, tmp_path, split={"test": 0.5, "validation": 0.1, "seed": 1})
