"""Write the vectors of sentence-transformers (PyTorch, CPU, float32) for a few sentences.

    python -m venv v && v/bin/pip install torch==2.13.0 transformers==4.57.6 \\
      sentence-transformers==5.1.2
    v/bin/python minilm.py FOLDER_OF_THE_MODEL minilm.json
"""

import json
import sys
import unicodedata
from pathlib import Path

import sentence_transformers
import tokenizers
import torch
import transformers

LENGTH = 256
LONG = " ".join(
    f"Scene {n}: the projectionist's unforgettable reel flickered, and nobody left."
    for n in range(40)
)
SENTENCES = {
    "short": "A fine film, really.",
    "opposite": "This movie was terrible",
    "empty": "",
    "blank": " \t\n ",
    "punctuation": "?!... --- ((( ))) *** ~~ \u201cquoted\u201d \u2014 \u2026",
    "composed": unicodedata.normalize(
        "NFC", "Crème brûlée à l'Élysée, naïve façade; Łódź, Ørsted, straße."
    ),
    "decomposed": unicodedata.normalize(
        "NFD", "Crème brûlée à l'Élysée, naïve façade; Łódź, Ørsted, straße."
    ),
    "chinese": "这部电影很好看, really 好! 日本語とカタカナ。한국어",
    "emoji": "Loved it 😀👍🏽 five stars ★★★★★ 👨‍👩‍👧",
    "upper": "WHY IS THE WHOLE TEXT IN UPPER CASE? NASA, IBM AND MS-DOS.",
    "numbers": "In 1999, 3.14159 x 1,000,000 = $3,141,590.00 (+/- 0.5%).",
    "unknown": "Qwxzzkrpt flibbertigibbetish " + "a" * 101 + " \u13a3\u13b3\u13a9 \U00012000 end",
    "url": "See https://www.example.org/a/b_c.html?q=1&r=%20x#top or write to jane.doe@example.org",
    "whitespace": "first line\nsecond\tline\r\nthird\u00a0line\u200bjoined\u3000"
    "wide \x00\ufffdcontrol\x07",
    "special": "A [MASK] in the text, a [SEP] and [CLS], [unk] [UNK] [PAD].",
    "long": LONG,
}


def main(folder, target):
    torch.set_grad_enabled(False)
    model = sentence_transformers.SentenceTransformer(folder, device="cpu", local_files_only=True)
    rows = []
    for name, text in SENTENCES.items():
        batch = model.tokenizer(text, truncation=True, max_length=LENGTH, return_tensors="pt")
        hidden = model[0].auto_model.float().eval()(**batch).last_hidden_state[0].numpy()
        mean = [round(float(number), 4) for number in hidden.mean(axis=0)]
        ids = batch["input_ids"][0].tolist()
        rows.append({"name": name, "text": text, "ids": ids, "mean": mean})
    parts = (torch, transformers, sentence_transformers, tokenizers)
    about = {"length": LENGTH, "versions": {part.__name__: part.__version__ for part in parts}}
    lines = ",\n".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in rows)
    content = '{"about":' + json.dumps(about) + ',\n"sentences":[\n' + lines + "\n]}\n"
    Path(target).write_text(content, encoding="utf-8")


main(*sys.argv[1:])
