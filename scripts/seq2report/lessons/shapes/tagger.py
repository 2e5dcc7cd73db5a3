"""Many-to-many: predict the letter case of every word of a sentence from its lower-case form."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from seq2report.lessons.shapes.common import IGNORE, Outcome, Task, UnfitError, fit, predict

FORMS = ["lower case", "Capitalised", "ALL CAPS"]
SENTENCES = {"train": 10_000, "test": 2_500}  # at most
FEWEST_SENTENCES = {"train": 300, "test": 100}
SENTENCE = (4, 24)  # words: shorter sentences are left out, longer ones are cut
FEWEST_CAPITALS = 0.01  # share of words with capital letters, except first words
KNOWN_WORDS, KNOWN_ENDINGS = 8_000, 1_500
LOWER, USUAL = "always lower case", "usual form of the word"


def sentence_words(documents: pl.DataFrame, split: str, seed: int) -> pl.DataFrame:
    """Return the words of at most `SENTENCES` sentences in random order, one row per word.

    A sentence ends at . ! ? : or ; before a space, at an empty line or at a tag in angle brackets.
    Words are letters, with apostrophes inside; addresses with @ are left out.

    Columns sentence (from 0), position (from 0), word, read (the word in lower case) and form
    (index in `FORMS`; “McDonald” counts as Capitalised).
    """
    shortest, longest = SENTENCE
    text = (
        pl.col("text")
        .str.replace_all(r"<[^<>\n]{1,200}>", "\n\n")
        .str.replace_all(r"\S+@\S+", " ")
        .str.replace_all(r"\n[\s>|:]*\n", "\n\n")
        .str.replace_all(r"[.!?:;][\"'”’)\]]*\s+", "\n\n")
    )
    sentences = (
        documents.filter(pl.col("split") == split)
        .select(text.str.split(pl.lit("\n\n")).alias("sentence"))
        .explode("sentence")
        .select(words=pl.col("sentence").str.extract_all(r"\p{L}+(?:['’]\p{L}+)*"))
        .filter(pl.col("words").list.len() >= shortest)
    )
    sentences = sentences.sample(min(SENTENCES[split], len(sentences)), shuffle=True, seed=seed)
    words = (
        sentences.with_row_index("sentence")
        .with_columns(pl.col("words").list.head(longest))
        .explode("words")
        .select("sentence", word="words", read=pl.col("words").str.to_lowercase())
    )
    position = pl.int_range(pl.len()).over("sentence").alias("position")
    return words.select("sentence", position, "word", "read", form=form())


def form() -> pl.Expr:
    """Return the expression of a word's index in `FORMS`."""
    capitals = pl.col("word") != pl.col("read")
    all_capitals = capitals & (pl.col("word").str.to_uppercase() == pl.col("word"))
    long = pl.col("word").str.len_chars() > 1
    return pl.when(all_capitals & long).then(2).otherwise(capitals.cast(pl.Int32))


def assign_ids(values: pl.Series, most: int) -> dict[str, int]:
    """Return ids 2, 3, … of the most frequent values; values that occur once have none."""
    counts = values.value_counts().filter(pl.col("count") > 1)
    kept = counts.sort(["count", values.name], descending=[True, False])[values.name].head(most)
    return {value: n for n, value in enumerate(kept, 2)}


def to_matrix(words: pl.DataFrame, values: Sequence[int] | np.ndarray, empty: int) -> np.ndarray:
    """Return one value per word as a matrix, (sentences, longest sentence) int32."""
    matrix = np.full((words["sentence"].n_unique(), SENTENCE[1]), empty, np.int32)
    matrix[words["sentence"], words["position"]] = values
    return matrix


def usual_forms(train: pl.DataFrame) -> tuple[dict[str, int], int]:
    """Return the most frequent form of each word inside sentences, and that of rare words.

    Of equally frequent forms, the first one in `FORMS` counts. Rare words occur once in the
    training sentences; their form is the best guess for unknown words.
    """
    inside = train.filter(pl.col("position") > 0)
    counts = inside.group_by("read", "form").len().sort(["len", "form"], descending=[True, False])
    usual = counts.unique("read", keep="first", maintain_order=True)
    once = counts.filter(pl.col("len").sum().over("read") == 1)["form"].to_numpy()
    rare = int(np.bincount(once, minlength=len(FORMS)).argmax())
    return dict(usual.select("read", "form").iter_rows()), rare


def look_up(words: pl.DataFrame, usual: dict[str, int], rare: int) -> np.ndarray:
    """Return each word's form by `usual_forms`, (words,) int64; first words are capitalised."""
    forms = np.array([usual.get(word, rare) for word in words["read"]])
    return np.where((words["position"] == 0).to_numpy(), np.maximum(forms, 1), forms)


def tagging_scores(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return accuracy and macro-F1, the mean of F1 over the forms that occur in ``truth``."""
    from sklearn.metrics import f1_score

    forms = np.unique(truth)
    f1 = f1_score(truth, predicted, labels=forms, average="macro", zero_division=0)
    return {"accuracy": float((truth == predicted).mean()), "macro-F1": float(f1)}


def build_network(words: int, endings: int):
    """Return the network: ids of words and of their endings → a form for each word."""
    import keras

    read = [keras.Input((SENTENCE[1],), dtype="int32") for _ in range(2)]
    layers = keras.layers.Embedding(words + 2, 32), keras.layers.Embedding(endings + 2, 16)
    vectors = [layer(ids) for layer, ids in zip(layers, read, strict=True)]
    x = keras.layers.Concatenate()(vectors)
    x = keras.layers.Bidirectional(keras.layers.LSTM(32, return_sequences=True))(x)
    return keras.Model(read, keras.layers.Dense(len(FORMS), activation="softmax")(x))


def read_sentences(documents: pl.DataFrame, seed: int) -> dict[str, pl.DataFrame]:
    """Return `sentence_words` of the training and of the test documents.

    Raises:
        UnfitError: there are too few sentences, or too few capital letters in them.
    """
    splits = {split: sentence_words(documents, split, seed) for split in SENTENCES}
    train, test = (words["sentence"].n_unique() for words in splits.values())
    fewest_train, fewest_test = FEWEST_SENTENCES.values()
    if train < fewest_train or test < fewest_test:
        raise UnfitError(
            f"the corpus has {train:,} training and {test:,} test sentences; at least"
            f" {fewest_train:,} and {fewest_test:,} are needed"
        )
    share = min(
        (words.filter(pl.col("position") > 0)["form"] > 0).mean() for words in splits.values()
    )
    if share < FEWEST_CAPITALS:
        raise UnfitError(
            f"only {share:.1%} of the words inside sentences have capital letters; at least"
            f" {FEWEST_CAPITALS:.0%} are needed, or there is nothing to learn"
        )
    return splits


def measure(test: pl.DataFrame, predicted: dict[str, np.ndarray], usual: dict[str, int]) -> list:
    """Return the scores of each method on subsets of the test, rows of `Outcome.methods`."""
    truth = test["form"].to_numpy()
    first = (test["position"] == 0).to_numpy()
    unknown = ~test["read"].is_in(list(usual)).to_numpy()
    subsets = {"inside": ~first, "first words": first, "inside, unknown words": ~first & unknown}
    return [
        (subset, name, metric, score, int(rows.sum()))
        for subset, rows in subsets.items()
        if rows.any()
        for name, forms in predicted.items()
        for metric, score in tagging_scores(truth[rows], forms[rows]).items()
    ]


def train(documents: pl.DataFrame, seed: int, epochs: int) -> Outcome:
    """Train the network and compare it with the usual form; see `read_sentences` for errors."""
    training, test = read_sentences(documents, seed).values()
    known = assign_ids(training["read"], KNOWN_WORDS)
    endings = assign_ids(training["read"].str.tail(3), KNOWN_ENDINGS)

    def inputs(words: pl.DataFrame) -> list[np.ndarray]:
        pairs = (known, words["read"]), (endings, words["read"].str.tail(3))
        return [to_matrix(words, [ids.get(text, 1) for text in texts], 0) for ids, texts in pairs]

    model = build_network(len(known), len(endings))
    fitted = fit(model, inputs(training), to_matrix(training, training["form"], IGNORE), epochs)
    usual, rare = usual_forms(training)
    cells = test["sentence"].to_numpy(), test["position"].to_numpy()
    predicted = {
        "network": predict(model, inputs(test)).argmax(axis=-1)[cells],
        LOWER: np.zeros(len(test), int),
        USUAL: look_up(test, usual, rare),
    }
    names = np.array(FORMS, dtype=object)
    forms = {"form": test["form"].to_numpy(), "network": predicted["network"]}
    forms |= {"usual": predicted[USUAL]}
    inside = test.filter(pl.col("position") > 0)["form"].to_numpy()
    facts = {"tagger_trained": training["sentence"].n_unique()}
    facts |= {"tagger_tested": test["sentence"].n_unique()}
    facts |= {"tagger_large": float((inside > 0).mean()), "tagger_rare_form": FORMS[rare]}
    examples = test.to_pandas().assign(**{name: names[ids] for name, ids in forms.items()})
    methods = measure(test, predicted, usual)
    return Outcome(model.count_params(), fitted, methods, facts, examples)


COLUMNS = ["sentence", "position", "word", "read", "form", "network", "usual"]
DESCRIPTION = "letter case of every word"
TASK = Task("many-to-many", DESCRIPTION, "macro-F1", "inside", 3, "tagged", COLUMNS, train)
