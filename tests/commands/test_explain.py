import html
import re

import pytest

from seq2report.answers import explain
from seq2report.core.command import UserError
from seq2report.core.shipped import shipped
from seq2report.report.word_effects import coloured


def run_explain(capsys, run, *arguments):
    explain.main([str(run), *map(str, arguments)])
    return capsys.readouterr().out


TEXT = "The shuttle saw no hockey, shuttle."


@pytest.mark.parametrize("variant", ["svm", "lstm", "vote"])
def test_the_strongest_words_are_listed_with_their_effects(trained, variant, capsys):
    out = run_explain(capsys, trained / f"runs/{variant}/seed-1", TEXT)
    first, *lines = out.splitlines()
    assert re.fullmatch(r"Document 1: (rec\.sport\.hockey|sci\.space) [01]\.\d{3}", first)
    found = [(float(effect), word) for effect, word in (line.split() for line in lines)]
    assert [abs(effect) for effect, _ in found] == sorted((abs(e) for e, _ in found), reverse=True)
    assert {word for _, word in found} <= {"the", "shuttle", "saw", "no", "hockey"}
    assert "\x1b" not in out
    if variant == "svm":
        effects = {word: effect for effect, word in found}
        assert effects["shuttle"] * effects["hockey"] < 0  # they speak for different groups


def test_a_terminal_shows_the_document_in_colours_unless_no_color_is_set(
    trained, capsys, monkeypatch
):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = run_explain(capsys, trained / "runs/svm/seed-1", TEXT)
    shown = out.splitlines()[1]
    assert {explain.COLOURS[True], explain.COLOURS[False]} <= set(
        re.findall(r"\x1b\[[\d;]+m", shown)
    )
    assert re.sub(r"\x1b\[[\d;]+m", "", shown).strip() == TEXT
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run_explain(capsys, trained / "runs/svm/seed-1", TEXT)


def test_the_page_is_self_contained_and_in_the_style_of_the_report(trained, tmp_path, capsys):
    page = tmp_path / "why.html"
    run = trained / "runs/svm/seed-1"
    run_explain(capsys, run, "hockey", "the moon", "--html", page)
    text = page.read_text()
    assert "Document 1" in text
    assert "Document 2" in text
    assert shipped(explain.STYLE).read_text() in text
    assert "svm, seed 1: trained on" in text
    assert "script-src 'none'" in text
    assert not re.search(r'(?:src|href)="(?!data:,)|<script|@import|url\(', text)
    assert re.search(r'<span class="(for|against)" style="--strength:[01].\d\d" title="[+−]', text)


HOSTILE = "hockey <script>alert(1)</script> \"'</blockquote> \u202e \x1b[2J moon"


@pytest.mark.reliability("Security")
def test_a_hostile_text_is_no_markup_in_the_page_of_an_explanation_and_moves_no_terminal(
    trained, tmp_path, capsys
):
    page = tmp_path / "why.html"
    out = run_explain(capsys, trained / "runs/svm/seed-1", HOSTILE, "--html", page)
    assert all(line.isprintable() for line in out.splitlines())
    text = page.read_text()
    assert not re.search("<script|alert\\(1\\)</script|[\x1b\u202e]", text)
    assert "&lt;" in text
    shown = re.search(r'<blockquote class="weighed" dir="auto">(.*?)</blockquote>', text).group(1)
    assert "script" in html.unescape(re.sub("<[^>]+>", "", shown))


@pytest.mark.parametrize("text", ["", " \n", "?!", "房间很大", "qqq zzz"])
def test_a_text_without_words_is_classified_and_reported(trained, text, tmp_path, capsys):
    run, page = trained / "runs/svm/seed-1", tmp_path / "why.html"
    assert "the model knows none of its words" in run_explain(capsys, run, text, "--html", page)
    assert "The model reads no word of this document" in page.read_text()


def test_a_model_that_reads_characters_may_know_a_text_without_words():
    words = explain.pd.DataFrame({"word": [], "effect": [], "after": []})
    document = {"id": "1", "answer": "a", "probability": 0.9, "words": 0}
    known, unknown = (
        explain.as_text({**document, "known": is_known}, words, False) for is_known in (True, False)
    )
    assert "knows none" in unknown
    assert "knows none" not in known
    assert "no word that could be removed" in known


def test_the_number_of_tested_words_of_a_long_text_is_reported(trained, capsys):
    long = " ".join(["hockey", *(f"word{n}" for n in range(204))])
    out = run_explain(capsys, trained / "runs/svm/seed-1", long)
    assert "only the first 200 of 205 words were tested" in out


@pytest.mark.parametrize("page", [".", "..", "/"])
def test_a_page_that_is_a_folder_is_refused_first(page):
    with pytest.raises(UserError, match=r"is a folder, expected the name of a file"):
        explain.main(["none", "moon", "--html", page])


def test_without_a_document_no_page_is_written(trained, tmp_path):
    (tmp_path / "a.txt").write_text("")
    given = ["--file", str(tmp_path / "a.txt"), "--html", str(tmp_path / "why.html")]
    with pytest.raises(UserError, match=r"a\.txt: found no document"):
        explain.main([str(trained / "runs/svm/seed-1"), *given])
    assert not (tmp_path / "why.html").exists()


def test_documents_of_the_report_show_their_label(trained):
    words = explain.pd.DataFrame({"word": [], "effect": [], "after": []})
    common = {"id": "1", "answer": "a", "probability": 0.9, "label": "b", "words": 0}
    shown = {kind: coloured({**common, "kind": kind}, words) for kind in ("right", "mistake")}
    assert "(0.900), right." in shown["right"]
    assert "(0.900), wrong, the label is b." in shown["mistake"]
