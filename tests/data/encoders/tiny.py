"""Write tiny random checkpoints in the form of Hugging Face, and the vectors of transformers.

    python -m venv v && v/bin/pip install torch==2.13.0 transformers==4.57.6
    v/bin/python tiny.py FOLDER

reference.json of a checkpoint has the word pieces of two texts and their vectors.
"""

import copy
import json
import pathlib
import sys

import safetensors.torch
import tokenizers
import torch
import transformers as hf

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = "the film was good bad a fine bor ##ing ##ed act ##or ##s not and play great e caf ##e c"
WORDS += " ##af na ##ive The Film 電 影 , . ! ? ' - 1 9 ##9 b d ##a ##b ##c ##d ##t ##r ##m ##n ##o"
PIECES = f"{WORDS} ##l ##y s t é ##é m r n o".split()
TEXTS = ["The film was NOT boring, and the actors played great!", "a fine café 電影 zzz"]
SMALL = {"vocab_size": len(SPECIAL + PIECES), "max_position_embeddings": 32}
BERT = {
    **SMALL,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "position_embedding_type": "absolute",
}
DISTIL = {**SMALL, "dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}
MODELS = {
    "bert_plain": (
        hf.BertModel(hf.BertConfig(**BERT, hidden_act="gelu", layer_norm_eps=1e-12)),
        True,
    ),
    "bert_prefixed": (
        hf.BertForMaskedLM(hf.BertConfig(**BERT, hidden_act="gelu_new", layer_norm_eps=1e-2)),
        False,
    ),
    "bert_relu": (
        hf.BertForSequenceClassification(
            hf.BertConfig(**BERT, hidden_act="relu", type_vocab_size=1)
        ),
        True,
    ),
    "distilbert_plain": (
        hf.DistilBertModel(hf.DistilBertConfig(**DISTIL, activation="gelu")),
        True,
    ),
    "distilbert_prefixed": (
        hf.DistilBertForMaskedLM(hf.DistilBertConfig(**DISTIL, activation="relu")),
        False,
    ),
}


def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        noise = torch.randn(weight.shape, generator=generator)
        norm_weight = "norm" in name.lower() and name.endswith("weight")
        weight.copy_(1 + 0.3 * noise if norm_weight else 0.3 * noise)


def rounded(tensor):
    return [[[round(float(n), 6) for n in row] for row in text] for text in tensor]


def reference(folder):
    """Return the word pieces and vectors of the two texts, in float32."""
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    model, info = hf.AutoModel.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    assert not [key for key in info["missing_keys"] if "pooler" not in key], info
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    out = model.eval()(**batch)
    mask = batch["attention_mask"].unsqueeze(-1)
    hidden = out.last_hidden_state
    pooled = {
        "mean": (hidden * mask).sum(1) / mask.sum(1),
        "cls": hidden[:, 0],
    }
    return {
        "texts": TEXTS,
        **{key: batch[key].tolist() for key in ("input_ids", "attention_mask")},
        **{key: rounded([value])[0] for key, value in pooled.items()},
    }, rounded(hidden)


def write(folder, model, lower):
    model.eval().save_pretrained(folder, safe_serialization=True)
    (folder / "vocab.txt").write_text("\n".join(SPECIAL + PIECES) + "\n", encoding="utf-8")
    kind = hf.DistilBertTokenizerFast if "distil" in folder.name else hf.BertTokenizerFast
    kind(str(folder / "vocab.txt"), do_lower_case=lower, model_max_length=32).save_pretrained(
        folder
    )


def store(folder):
    row, hidden = reference(folder)
    (folder / "special_tokens_map.json").unlink(missing_ok=True)  # the others say the same
    lines = ",\n".join(
        f'"{key}": {json.dumps(value, ensure_ascii=False, separators=(",", ":"))}'
        for key, value in row.items()
    )
    (folder / "reference.json").write_text("{" + lines + "}\n", encoding="utf-8")
    return hidden


def variants(root, plain):
    """Write bert_plain with the old names of LayerNorm, in half precision, and in bfloat16."""
    tensors = safetensors.torch.load_file(root / "bert_plain" / "model.safetensors")
    old = {
        "bert."
        + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): value
        for name, value in tensors.items()
    }
    old["bert.embeddings.position_ids"] = torch.arange(32).unsqueeze(0)
    old["cls.seq_relationship.weight"] = torch.zeros(2, 16)
    changed = {
        "bert_gamma_beta": old,
        "bert_half": {name: value.half() for name, value in tensors.items()},
        "bert_bfloat16": {name: value.bfloat16() for name, value in tensors.items()},
    }
    for name, weights in changed.items():
        folder = root / name
        folder.mkdir(exist_ok=True)
        for file in (root / "bert_plain").iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        safetensors.torch.save_file(
            weights, folder / "model.safetensors", metadata={"format": "pt"}
        )
        apart = (torch.tensor(store(folder)) - torch.tensor(plain)).abs().max()
        print(name, "differs from bert_plain by", float(apart))


def unigram(root):
    """Write a BERT with the tokeniser of XLM-R, as multilingual-e5-small.

    Its padding has the id 1, and config.json says 0. It has more rows than tokens, no vocab.txt,
    and a do_lower_case that has no effect.
    """
    folder = root / "bert_unigram"
    folder.mkdir(exist_ok=True)
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "\u2581"]
    words = [
        "\u2581The",
        "\u2581film",
        "\u2581was",
        "\u2581not",
        "\u2581bor",
        "ing",
        "\u2581and",
        "\u2581the",
        "\u2581actors",
        "\u2581played",
        "\u2581great",
        "\u2581a",
        "\u2581fine",
        "\u2581caf",
        "\u00e9",
        ",",
        "!",
        "e",
        "r",
        "t",
        "z",
    ]
    scores = [0.0] * 4 + [-1.0 - n / 10 for n in range(len(words) + 1)]
    vocab = list(zip(pieces + words, scores, strict=True))
    raw = tokenizers.Tokenizer(tokenizers.models.Unigram(vocab, unk_id=3))
    raw.normalizer = tokenizers.normalizers.NFKC()
    raw.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [tokenizers.pre_tokenizers.WhitespaceSplit(), tokenizers.pre_tokenizers.Metaspace()]
    )
    raw.add_special_tokens([*pieces[:4], "<mask>"])
    raw.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    model = hf.BertModel(hf.BertConfig(**BERT, hidden_act="gelu", layer_norm_eps=1e-12))
    randomise(model, 9)
    model.eval().save_pretrained(folder, safe_serialization=True)
    fast = hf.XLMRobertaTokenizerFast(tokenizer_object=raw, model_max_length=32)
    fast.save_pretrained(folder)
    told = json.loads((folder / "tokenizer_config.json").read_text())
    told |= {"do_lower_case": True, "strip_accents": None, "tokenize_chinese_chars": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(told, indent=2) + "\n")
    store(folder)
    print("bert_unigram", len(raw.get_vocab()), "tokens", SMALL["vocab_size"], "rows")


def main(root):
    torch.set_grad_enabled(False)
    root = pathlib.Path(root)
    rows = {}
    for seed, (name, (model, lower)) in enumerate(MODELS.items(), 1):
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        randomise(model, seed)
        write(folder, copy.deepcopy(model), lower)
        rows[name] = store(folder)
        print(name, sum(p.numel() for p in model.parameters()), "parameters")
    variants(root, rows["bert_plain"])
    unigram(root)


main(sys.argv[1])
