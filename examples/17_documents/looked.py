"""Where the attention looked: looked.py DOCUMENTS.tsv OUTPUTS.safetensors, outputs as `rondo run --save` writes them.

Prints in which share of the documents the sentence with the largest weight is an opinion, and in which besides its word
with the largest weight belongs to the verdict: to "was not rude".
"""

import json
import re
import struct
import sys

from data import BAD, GOOD

VERDICT = {"was", "very", "really", "not", "never", *GOOD, *BAD}


def tensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        body = file.read()
    kinds = {"F32": ("f", 4), "I64": ("q", 8)}
    for name, tensor in header.items():
        letter, size = kinds[tensor["dtype"]]
        begin, end = tensor["data_offsets"]
        yield name, struct.unpack(f"<{(end - begin) // size}{letter}", body[begin:end])


def largest(weights, begin, end):
    return max(range(begin, end), key=lambda at: weights[at])


outputs = dict(tensors(sys.argv[2]))
with open(sys.argv[1]) as file:
    words = re.findall(r"\w+|\.", " ".join(line.split("\t")[1] for line in file))
sentences, documents = outputs["word.offsets"], outputs["sentence.offsets"]
opinions = verdicts = 0
for begin, end in zip(documents, documents[1:]):
    sentence = largest(outputs["sentence_weights"], begin, end)
    first, last = sentences[sentence], sentences[sentence + 1]
    isOpinion = any(word in GOOD + BAD for word in words[first:last])
    opinions += isOpinion
    verdicts += isOpinion and words[largest(outputs["word_weights"], first, last)] in VERDICT
count = len(documents) - 1
print(f"{opinions / count:.3f} {verdicts / count:.3f}")
