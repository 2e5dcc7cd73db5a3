import json
import re
import shutil
import subprocess
from html import escape
from pathlib import Path

import pandas as pd
import pytest
from helpers import ROOT, call
from published import MADE_BY, PAGE
from small_runs import TITLES

import publish
from seq2report.core.command import UserError, read_json


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the run, to be broken."""
    return shutil.copytree(finished, tmp_path / "results/tiny")


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_pages_tables_and_manifest_are_published_in_the_layout_of_the_report(finished, published):
    runs = {
        f"report/tables/news/runs/{path.name}"
        for path in (finished / "report/tables/news/runs").glob("*.csv")
    }
    assert "report/tables/news/runs/variants.csv" in runs
    assert files(published) == runs | {
        "config.json",
        "manifest.json",
        "ro-crate-metadata.json",
        "workflow/Snakefile",
        "report/index.html",
        "report/lesson-one_hot.html",
        "report/tables/lecture-figures/lecture.csv",
        "report/tables/made/jobs.csv",
        "report/tables/made/rules.csv",
        "report/tables/news/corpus/lengths.csv",
    }
    table = "report/tables/news/runs/variants.csv"
    assert (published / table).read_bytes() == (finished / table).read_bytes()


def test_what_is_left_out_is_told_with_the_reason(published):
    left_out = read_json(published / "manifest.json")["left_out"]
    assert set(left_out) == {"lesson-one_hot/facts.csv", "news/corpus/words.csv"}
    assert left_out["news/corpus/words.csv"] == "300,001 bytes, more than 300,000"
    assert "lesson" in left_out["lesson-one_hot/facts.csv"]


def test_links_to_what_is_published_stay_and_others_become_text(published):
    page = (published / "report/index.html").read_text()
    left = '<span title="not here">{}</span>'
    assert page == PAGE.replace(
        '<a href="tables/news/runs/runs.parquet">Parquet</a>', left.format("Parquet")
    ).replace('<a href="tables/news/corpus/words.csv">CSV</a>', left.format("CSV"))
    assert publish.broken_links(published / "report") == []


def test_the_manifest_tells_what_the_figures_hang_on(finished, published):
    about = read_json(published / "manifest.json")
    assert about["name"] == "tiny"
    assert about["code"] == MADE_BY
    assert about["corpora"] == {
        "news": {"title": "Tiny", "documents": 30, "digest": "d1", "seeds": [1, 2]}
    }
    assert about["configuration"]["compare"]["variants"] == list(TITLES)
    metrics = read_json(finished / "news/runs/svm/seed-1/metrics.json")
    told = {name: about["versions"][name] for name in ("python", "numpy", "seq2report")}
    assert told == {name: metrics["versions"].get(name) for name in ("python", "numpy")} | {
        "seq2report": metrics["seq2report"]
    }
    assert set(about["machine"]) == {"processor", "cores", "memory", "system"}
    assert about["dates"]["first_job_ended"] <= about["dates"]["last_job_ended"]
    assert about["durations"] == [
        {"rule": "train", "jobs": 2, "seconds": 30.5, "cpu_seconds": 17.5, "peak_mib": 200},
        {"rule": "read", "jobs": 1, "seconds": 0.1, "cpu_seconds": 0.0, "peak_mib": 0},
    ]


def test_the_crate_lists_every_published_file_by_its_relative_path(published):
    """Read back with rocrate, as a reader of the crate does."""
    from rocrate.rocrate import ROCrate

    crate = ROCrate(published)
    names = {file.id for file in crate.data_entities}
    assert names == files(published) - {"ro-crate-metadata.json"}
    assert crate.mainEntity.id == "workflow/Snakefile"
    assert crate.mainEntity["version"] == MADE_BY["commit"]
    profiles = {entity.id for entity in crate.root_dataset["conformsTo"]}
    assert profiles == set(publish.PROFILES)
    (run,) = (entity for entity in crate.contextual_entities if entity.type == "CreateAction")
    assert run["instrument"] == crate.mainEntity
    configuration, corpus = run["object"]
    assert (configuration.id, corpus["value"]) == ("config.json", "d1")
    results = {file.id for file in run["result"]}
    assert results == names - {"config.json", "workflow/Snakefile"}
    assert run["endTime"] == read_json(published / "manifest.json")["dates"]["last_job_ended"]


def test_the_crate_has_no_path_of_this_machine(published):
    text = (published / "ro-crate-metadata.json").read_text()
    assert not re.search(r'"@id": "(?:/|file:|\.\.)', text)
    assert publish.private_places(text, [str(published), str(Path.home()), str(ROOT)]) == []


def test_commands_of_the_pages_name_the_published_configuration(copied, tmp_path):
    command = "snakemake --configfile {}results/tiny/config.json --replace-workflow-config"
    page, table = "report/index.html", "report/tables/lecture-figures/lecture.csv"
    for file in (page, table):
        (copied / file).write_text(command.format(""))
    (tmp_path / "out").mkdir()
    publish.publish(copied, tmp_path / "out", MADE_BY, [])
    for file in (page, table):
        assert (tmp_path / "out" / file).read_text() == command.format("docs/")
    manifest = read_json(tmp_path / "out/manifest.json")
    assert read_json(tmp_path / "out/config.json") == manifest["configuration"]


@pytest.mark.reliability("Security")
def test_a_report_that_shows_contacts_is_not_published(copied, tmp_path):
    config = read_json(copied / "config.json") | {"contacts": "shown"}
    (copied / "config.json").write_text(json.dumps(config))
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="contacts: shown, expected hidden"):
        publish.publish(copied, tmp_path / "out", MADE_BY, [])


@pytest.mark.reliability("Security")
def test_a_password_in_the_address_of_a_source_is_not_published(copied, tmp_path):
    url = "https://user:secret@example.org/a.zip?token=secret"
    sources = {"a": {"file": "a.zip", "from": [{"url": url}]}}
    config = read_json(copied / "config.json") | {"sources": sources}
    (copied / "config.json").write_text(json.dumps(config))
    (tmp_path / "out").mkdir()
    publish.publish(copied, tmp_path / "out", MADE_BY, [])
    for file in ("config.json", "manifest.json"):
        text = (tmp_path / "out" / file).read_text()
        assert "example.org/a.zip" in text
        assert "secret" not in text


def test_versions_that_differ_are_both_told():
    runs = pd.DataFrame({"numpy_version": ["2.1", "2.0", None], "seq2report": ["0.1.0"] * 3})
    assert publish.versions(runs) == {"numpy": "2.0, 2.1", "seq2report": "0.1.0"}


@pytest.mark.reliability("Security")
@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("report/index.html", "<p>\nsee /home/somebody/notes", "line 2: /home/somebody"),
        ("report/tables/news/corpus/lengths.csv", "a,/home/somebody", "line 1: /home/somebody"),
        ("report/index.html", "--config mirror=/srv/archives", "line 1: mirror=/"),
        ("report/index.html", escape('"mirror": "http://server/"'), 'line 1: mirror": "http:/'),
        ("config.json", "file:/srv/tickets.zip", "file:/"),
    ],
)
def test_a_path_of_this_machine_is_refused_with_its_place(copied, tmp_path, file, text, told):
    if file == "config.json":
        config = read_json(copied / file) | {"sources": {"a": {"from": [{"url": text}]}}}
        (copied / file).write_text(json.dumps(config))
    else:
        (copied / file).write_text(text)
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="a path of this machine") as refused:
        publish.publish(copied, tmp_path / "out", MADE_BY, ["/home/somebody"])
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["/home/somebody_else", "a/home/somebody", "a mirror: of it", "mirror: news20.tar.gz"],
)
def test_what_only_looks_like_it_is_not(text):
    assert publish.private_places(text, ["/home/somebody"]) == []


def test_a_pages_own_script_is_neither_searched_for_paths_nor_for_links(copied, tmp_path):
    script = '<script>\nlet url = `file://`, a = `<a href="${url}">`;\n</script>'
    page = copied / "report/index.html"
    page.write_text(PAGE + script)
    (tmp_path / "out").mkdir()
    publish.publish(copied, tmp_path / "out", MADE_BY, [])
    assert script in (tmp_path / "out/report/index.html").read_text()
    page.write_text(f'{script}<script type="application/json">"file:/srv/a"</script>')
    (tmp_path / "more").mkdir()
    with pytest.raises(UserError, match=r"index\.html, line 3: file:/"):
        publish.publish(copied, tmp_path / "more", MADE_BY, [])


def test_more_than_the_limit_is_refused_with_the_largest_files(copied, tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "LARGEST", 299_000)
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match=r"at most 299,000; the largest: report/tables/news/corpus"):
        publish.publish(copied, tmp_path / "out", MADE_BY, [])


def test_a_link_that_leads_nowhere_is_found(copied, tmp_path):
    (copied / "report/index.html").write_text('<a class="x" href="lost.html">lost</a>')
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match=r"index.html: lost.html leads nowhere"):
        publish.publish(copied, tmp_path / "out", MADE_BY, [])


def test_a_run_that_is_not_what_was_configured_is_refused(copied, tmp_path):
    config = read_json(copied / "config.json") | {"seeds": [1]}
    (copied / "config.json").write_text(json.dumps(config))
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match=r"news: its table of runs .* lecture seed 2"):
        publish.publish(copied, tmp_path / "out", MADE_BY, [])


def test_a_corpus_may_have_fewer_seeds(copied, tmp_path):
    config = read_json(copied / "config.json") | {"seeds": [1, 2, 3]}
    config["compare"]["seeds"] = {"news": 2}
    (copied / "config.json").write_text(json.dumps(config))
    (tmp_path / "out").mkdir()
    publish.publish(copied, tmp_path / "out", MADE_BY, [])


def test_what_was_published_is_replaced_as_a_whole_or_stays(copied, tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "code", lambda root, config: MADE_BY)
    output = tmp_path / "docs/results/tiny"
    (output / "report").mkdir(parents=True)
    (output / "report/old.html").write_text("old")
    with pytest.raises(UserError, match="is no published report"):
        call(publish, results=copied, output=output)
    (output / "manifest.json").write_text("{}")
    monkeypatch.setattr(publish, "LARGEST", 1)
    with pytest.raises(UserError):
        call(publish, results=copied, output=output)
    assert files(output) == {"manifest.json", "report/old.html"}
    monkeypatch.undo()
    monkeypatch.setattr(publish, "code", lambda root, config: MADE_BY)
    call(publish, results=copied, output=output)
    assert "manifest.json" in files(output)
    assert "report/old.html" not in files(output)


def test_a_run_without_its_configuration_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"config.json: not there"):
        call(publish, results=tmp_path, output=tmp_path / "out")


def test_nothing_private_is_looked_for_that_is_everywhere(monkeypatch):
    monkeypatch.setenv("HOME", "/")
    monkeypatch.delenv("SEQ2REPORT_MIRROR", raising=False)
    assert "/" not in publish.private_paths(ROOT)
    assert str(ROOT) in publish.private_paths(ROOT)


@pytest.mark.parametrize(
    ("mirror", "private", "public"),
    [
        ("{}/mirror/", "see {}/mirror/news20.tar.gz", "a mirror of {}"),
        ("../mirror", "see {}/mirror", "a mirror"),
        ("data", "see {}/project/data", "text from data"),
        ("file://{}/mirror/", "see {}/mirror/a", "a mirror"),
        ("http://me:word@host/m/", "http://host/m/news20.tar.gz", "http://host/more"),
        ("", "", "a mirror"),
    ],
)
def test_the_mirror_is_looked_for_by_its_full_path(tmp_path, monkeypatch, mirror, private, public):
    monkeypatch.setenv("HOME", "/")
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("SEQ2REPORT_MIRROR", mirror.format(tmp_path))
    paths = publish.private_paths()
    assert publish.private_places(public.format(tmp_path), paths) == []
    assert bool(private) == bool(publish.private_places(private.format(tmp_path), paths))


def test_results_may_be_a_link_to_another_disk(copied, tmp_path, monkeypatch):
    project = tmp_path / "project"
    project.mkdir()
    (project / "results").symlink_to(copied.parent)
    roots = []
    monkeypatch.setattr(publish, "code", lambda root, config: roots.append(root) or MADE_BY)
    call(publish, results=project / "results/tiny", output=tmp_path / "out")
    assert roots == [project]


def test_the_dry_run_of_the_code_uses_no_profile(tmp_path, monkeypatch):
    commands = []

    def completed(command, **_):
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "Nothing to be done", "")

    monkeypatch.setattr(publish.subprocess, "run", completed)
    assert publish.code(tmp_path, tmp_path / "config.json")["up_to_date"]
    (plan,) = (command for command in commands if "snakemake" in command)
    assert " --profile none --workflow-profile none" in " ".join(plan)


def test_a_corpus_may_have_any_name_in_the_crate(published, tmp_path):
    about = read_json(published / "manifest.json")
    about["corpora"] = {"run": about["corpora"]["news"]}
    entities = publish.crate(published, about).contextual_entities
    assert {"CreateAction", "PropertyValue"} <= {entity.type for entity in entities}


def test_a_grid_has_the_runs_of_its_points_and_answers_from_elsewhere_have_one():
    layers = [{"LSTM": {"units": {"grid": [8, 16]}}}]
    variants = {
        "lstm": {"title": "LSTM", "input": {}, "layers": layers},
        "told": {"title": "Told", "predictions": {"source": "mine"}},
    }
    config = {"seeds": [1, 2], "compare": {"variants": list(variants)}, "variants": variants}
    points = [(f"lstm_units_{units}", seed) for units in (8, 16) for seed in (1, 2)]
    runs = pd.DataFrame([*points, ("told", 1)], columns=["variant", "seed"])
    publish.check_finished("news", runs, config)
    with pytest.raises(UserError, match="they differ in told seed 1;"):
        publish.check_finished("news", runs[:-1], config)
