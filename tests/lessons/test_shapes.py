import random

import numpy as np
import polars as pl
import pytest
from helpers import call, lesson_page

import lesson_shapes
from seq2report.core.command import UserError
from seq2report.core.tables import read_tables
from seq2report.lessons import shapes_plots
from seq2report.lessons.shapes import common, tagger, translator, writer
from seq2report.lessons.shapes.tables import COLUMNS, TASKS

TITLE = "Shapes"
SHAPES = ["one-to-many", "many-to-many", "encoder–decoder"]


def corpus(path, texts):
    """Write documents; every fourth one is a test document."""
    split = ["test" if n % 4 == 0 else "train" for n in range(len(texts))]
    pl.DataFrame(
        {"id": [str(n) for n in range(len(texts))], "split": split, "text": texts}
    ).write_parquet(path)
    return path


@pytest.fixture(scope="module", autouse=True)
def small():
    """Less of everything, in smaller batches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common, "BATCH", 32)
        patch.setattr(writer, "WORDS", 1500)
        patch.setattr(writer, "GENERATED", 10)
        patch.setattr(translator, "TRAINED_OF_LENGTH", 300)
        patch.setattr(translator, "TESTED_OF_LENGTH", 60)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The lesson's tables on a corpus of made-up words, after 4 epochs.

    In every sentence the sixth word is a name, which ends in x; the first is capitalised.
    """
    chance = random.Random(1)
    sounds = [
        "".join(chance.choices("bdklmnrst", k=1)) + vowel for vowel in "aeiou" for _ in range(6)
    ]
    texts = []
    for _ in range(100):
        lines = []
        for _ in range(8):
            words = ["".join(chance.choices(sounds, k=chance.randint(2, 4))) for _ in range(8)]
            words[5] = words[5].capitalize() + "x"
            lines.append(" ".join([words[0].capitalize(), *words[1:]]))
        texts.append(". ".join(lines) + ".")
    folder = tmp_path_factory.mktemp("tables")
    documents = corpus(folder / "documents.parquet", texts)
    call(lesson_shapes, documents=documents, seed=1, epochs=4, output=folder / "lesson-shapes")
    return folder


@pytest.fixture(scope="module")
def tables(folder):
    return read_tables(folder / "lesson-shapes")


@pytest.fixture(scope="module")
def lower(tmp_path_factory):
    """The lesson's tables on a corpus of few words without capital letters, after one epoch."""
    folder = tmp_path_factory.mktemp("lower")
    documents = corpus(folder / "documents.parquet", ["this is all there is. nothing more"] * 1200)
    call(lesson_shapes, documents=documents, seed=1, epochs=1, output=folder / "lesson-shapes")
    return folder


def scored(tables, shape, part, metric):
    methods = tables["methods"]
    rows = methods[(methods[["shape", "part", "metric"]] == [shape, part, metric]).all(axis=1)]
    return rows.set_index("method")["score"]


def test_inputs_are_the_letters_and_targets_the_next_letter_or_the_end_token():
    x, y = writer.encode_letters(["cab"])
    assert x[0].tolist() == [3, 1, 2] + [0] * 9
    assert y[0].tolist() == [0, 1, writer.END] + [common.IGNORE] * 9


def test_counts_of_letters_are_probabilities_of_the_next_symbol():
    x, y = writer.encode_letters(["aba"] * 1000 + ["abc"] * 1000)
    for read in range(3):
        np.testing.assert_allclose(writer.count_letters(x, y, read).sum(axis=1), 1)
    triple = writer.count_letters(x, y, 2)[writer.contexts(x, 2)]
    # After “a” at the start always “b”; after “ab” either; after “ba” the end token.
    assert triple[0, 0, 1] > 0.99
    assert triple[0, 1, [0, 2]] == pytest.approx(0.5, abs=0.01)
    assert triple[0, 2, writer.END] > 0.99
    assert writer.bits(triple, y) == pytest.approx(1 / 3, abs=0.02)
    single = writer.count_letters(x, y, 0)[writer.contexts(x, 0)]
    assert single[0, 0, writer.END] == pytest.approx(1 / 3, abs=0.01)


def test_an_unknown_context_has_the_probabilities_of_the_shorter_one():
    x, y = writer.encode_letters(["cab"] * 50 + ["bad"] * 20)
    asked, _ = writer.encode_letters(["dab"])  # “da” is new, “a” is not
    triple, pairs = (
        writer.count_letters(x, y, read)[writer.contexts(asked, read)][0, 1] for read in (2, 1)
    )
    np.testing.assert_allclose(triple, pairs)


def test_bits_of_equally_likely_symbols():
    _, y = writer.encode_letters(["word"])
    assert writer.bits(np.full((1, 12, 27), 1 / 27), y) == pytest.approx(np.log2(27))


def test_a_generated_word_reads_the_drawn_letters_until_the_end_token():
    def follow(x):
        """Predict the letter after the last one read; after d the end token, after z always z."""
        p = np.zeros((*x.shape, writer.SYMBOLS))
        after = np.where(x == 4, writer.END, np.minimum(x, 25))
        np.put_along_axis(p, after[..., None], 1, axis=-1)
        return p

    words, ended = writer.generate(follow, np.array([0, 25]), np.random.default_rng(1))
    assert words == ["abcd", "z" * 12]
    assert ended.tolist() == [True, False]


def test_sentences_and_forms():
    text = "We met Dr Who<br />in NASA's lab, a@b.org McDonald said. I saw It there then! no"
    documents = pl.DataFrame({"split": ["train"], "text": [text]})
    words = tagger.sentence_words(documents, "train", 1).sort("sentence", "position")
    found = {
        rows["read"][0]: [tagger.FORMS[form] for form in rows["form"]]
        for _, rows in words.group_by("sentence")
    }
    assert found == {
        "we": ["Capitalised", "lower case", "Capitalised", "Capitalised"],
        "in": ["lower case", "Capitalised", "lower case", "Capitalised", "lower case"],
        "i": ["Capitalised", "lower case", "Capitalised", "lower case", "lower case"],
    }


def test_all_capitals_need_two_letters():
    documents = pl.DataFrame({"split": ["train"], "text": ["so I met IBM there"]})
    assert tagger.sentence_words(documents, "train", 1)["form"].to_list() == [0, 1, 0, 2, 0]


def test_the_dictionary_holds_the_usual_form_inside_sentences_and_guesses_unknown_words():
    train = pl.DataFrame(
        {
            "read": ["paris", "paris", "paris", "it", "it", "it", "it", "it", "rome", "oslo"],
            "position": [1, 2, 3, 0, 0, 0, 1, 2, 4, 5],
            "form": [1, 1, 0, 1, 1, 1, 0, 0, 1, 1],
        }
    )
    usual, rare = tagger.usual_forms(train)
    assert usual == {"paris": 1, "it": 0, "rome": 1, "oslo": 1}
    asked = pl.DataFrame({"read": ["it", "it", "bern"], "position": [0, 1, 2]})
    assert tagger.look_up(asked, usual, rare).tolist() == [1, 0, 1]


def test_macro_f1_is_the_mean_over_the_forms_that_occur():
    found = tagger.tagging_scores(np.array([0, 0, 0, 1]), np.zeros(4, int))
    assert found == pytest.approx({"accuracy": 0.75, "macro-F1": (6 / 7 + 0) / 2})


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (10, "ten"),
        (21, "twenty one"),
        (80, "eighty"),
        (304, "three hundred and four"),
        (2000, "two thousand"),
        (6044, "six thousand and forty four"),
        (99_999, "ninety nine thousand nine hundred and ninety nine"),
    ],
)
def test_numbers_in_words(number, words):
    assert translator.spell(number) == words
    assert np.count_nonzero(translator.encode_phrases([number])) == len(words.split())


def test_word_by_word_fails_where_a_zero_is_not_spoken():
    assert [translator.word_by_word(n) for n in (345, 2112, 304, 70)] == ["345", "2112", "34", "7"]


def test_the_decoder_reads_the_start_token_and_then_the_true_digits():
    x, y = translator.encode_digits([304])
    ignore = common.IGNORE
    assert y[0].tolist() == [3, 0, 4, translator.STOP, ignore, ignore]
    assert x[0].tolist() == [translator.START, 4, 1, 5, 0, 0]


def test_decoding_reads_its_own_digits_and_stops_at_the_end_token():
    def count_down(x):
        p = np.zeros((*x.shape, translator.STOP + 1))
        said = np.where(x == translator.START, [[3], [9]], x - 2)
        np.put_along_axis(p, np.where(said < 0, translator.STOP, said)[..., None], 1, axis=-1)
        return p

    assert translator.decode(count_down, 2) == ["3210", "987654"]


def test_no_number_of_the_test_is_in_the_training_and_every_length_is():
    drawn = translator.draw_numbers(np.random.default_rng(1))
    train, test = set(drawn["train"]), set(drawn["test"])
    assert not train & test
    for part in (train, test):
        assert {len(str(n)) for n in part} == set(translator.DIGITS)
    assert {len(str(n)) for n in drawn["longer"]} == {5}


def test_every_table_is_written_with_its_columns(tables):
    assert {name: list(tables[name]) for name in COLUMNS} == COLUMNS
    assert set(tables) == {"facts", *COLUMNS}
    assert len(tables["facts"]) == 1
    assert list(tables["scores"]["shape"]) == SHAPES
    assert (tables["scores"]["skipped"] == "").all()
    assert tables["history"].value_counts("shape").to_dict() == dict.fromkeys(SHAPES, 4)


def test_scores_are_the_network_and_the_best_rule(tables):
    headlines = tables["scores"].set_index("shape")
    for task in TASKS:
        found = scored(tables, task.shape, task.part, task.metric)
        rules = found.drop("network")
        best = rules.min() if task.metric == "bits" else rules.max()
        row = headlines.loc[task.shape]
        assert row[["score", "baseline_score"]].tolist() == [found["network"], best]
        assert rules[row["baseline"]] == best


def test_the_networks_learn(tables):
    bits = scored(tables, "one-to-many", "held-out words", "bits")
    assert bits["network"] < bits["counts of letters"] - 0.3
    assert "counts of five letters in a row" in bits  # better than three on real words
    tagging = scored(tables, "many-to-many", "inside", "macro-F1")
    # No dictionary holds these names; the network reads their endings.
    assert tagging["network"] > 0.95 > tagging["usual form of the word"]
    for _, run in tables["history"].groupby("shape"):
        assert run["loss"].iloc[-1] < run["loss"].iloc[0]


def test_generated_words_are_sorted_by_where_they_occur(folder, tables):
    text = " ".join(pl.read_parquet(folder / "documents.parquet")["text"]).lower()
    spoken = set(text.replace(".", " ").split())
    generated = tables["generated"]
    whole = generated[~generated["kind"].isin(["no end", "short"])]
    assert whole["word"].str.len().min() == writer.SHORTEST
    short = generated[generated["kind"] == "short"]
    assert short["word"].str.len().max() < writer.SHORTEST
    real = whole["word"].isin(spoken)
    assert 0 < real.sum() < len(whole)
    assert set(whole.loc[real, "kind"]) <= {"training", "corpus"}
    assert set(whole.loc[~real, "kind"]) == {"new"}
    assert (generated["first"] == generated["word"].str[0]).all()


def test_exact_numbers_are_counted(tables):
    numbers = tables["numbers"]
    for part in ("test", "longer"):
        of = numbers[numbers["part"] == part]
        found = scored(tables, "encoder–decoder", {"longer": "5 digits"}.get(part, part), "exact")
        assert found["word by word"] == (of["word_by_word"] == of["true"]).mean() > 0.5
        assert found["network"] == (of["network"] == of["true"]).mean()
        assert found["nearest training phrase"] == 0


def test_a_task_that_the_corpus_is_unsuitable_for_is_skipped_with_a_reason(lower):
    tables = read_tables(lower / "lesson-shapes")
    skipped = tables["scores"].set_index("shape")["skipped"]
    assert "5 different words of 3 to 12 letters" in skipped["one-to-many"]
    assert "0.0% of the words inside sentences have capital letters" in skipped["many-to-many"]
    assert skipped["encoder–decoder"] == ""
    assert tables["generated"].empty
    assert not tables["numbers"].empty


def test_a_task_has_the_same_results_if_another_one_is_skipped(tables, lower):
    # The loss of the first epoch: the same initial weights and the same numbers.
    found = [tables["history"], read_tables(lower / "lesson-shapes")["history"]]
    first = [run[run["shape"] == "encoder–decoder"]["loss"].iloc[0] for run in found]
    assert first[0] == first[1]


def test_bad_input_is_an_error(tmp_path):
    documents = corpus(tmp_path / "documents.parquet", ["only one"])
    with pytest.raises(UserError, match="found no documents of the split 'train'"):
        call(lesson_shapes, documents=documents, seed=1, output=tmp_path / "out")
    with pytest.raises(UserError, match="--epochs 0: expected 1 or more"):
        call(lesson_shapes, documents=documents, seed=1, epochs=0, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_diagrams_show_inputs_and_outputs():
    def written(figure):
        return [text.get_text() for text in figure.axes[0].texts]

    writes = written(shapes_plots.one_to_many("s", ["o", "end"]))
    assert [writes.count(text) for text in ("s", "o", "end", "cell")] == [1, 2, 1, 3]
    translates = written(shapes_plots.encoder_decoder(["ten"], ["1", "0", "end"], "start"))
    assert [translates.count(text) for text in ("ten", "1", "start", "cell")] == [1, 2, 1, 5]


def show(tables, title="A <b> corpus"):
    html = lesson_page("shapes", tables, corpus_title=title)
    assert "Shapes of recurrent networks" in html
    assert "A <b> corpus" not in html
    return html


def test_the_page_shows_each_score_and_that_of_the_best_rule(folder, tables):
    html = show(folder)
    scores = tables["scores"].set_index("shape")
    assert f"{scores.loc['many-to-many', 'score']:.3f}" in html
    assert f"{scores.loc['one-to-many', 'baseline_score']:.2f} bits" in html
    assert "This task is left out" not in html


def test_the_page_of_an_unsuitable_corpus_shows_what_is_left_out_and_praises_nothing(lower):
    html = show(lower)
    assert html.count("This task is left out") == 2
    assert "The network is better" not in html
    assert "here the rule is the better choice" in html
