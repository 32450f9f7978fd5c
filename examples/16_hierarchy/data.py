"""Documents of one to eight sentences, as lines of a label, a tab and a text: data.py FOLDER [DOCUMENTS].

A sentence has 6 to 20 words, which are letters, and a full stop. Every second one contains the keyword, up to three
times.
"""

import random
import sys

LETTERS = "abcdefghijklmnopqrs"


def document(chance):
    sentences, odd = [], False
    for _ in range(chance.randint(1, 8)):
        words = [chance.choice(LETTERS) for _ in range(chance.randint(6, 20))]
        if chance.random() < 0.5:
            odd = not odd
            for place in chance.sample(range(len(words)), chance.randint(1, 3)):
                words[place] = "key"
        sentences.append(" ".join(words) + ".")
    return ("odd" if odd else "even") + "\t" + " ".join(sentences)


def write(path, count, seed):
    chance = random.Random(seed)
    with open(path, "w") as file:
        file.writelines(document(chance) + "\n" for _ in range(count))


folder, count = sys.argv[1], int((sys.argv[2:] or [4000])[0])
write(f"{folder}/train.tsv", count, 1)
write(f"{folder}/test.tsv", 1000, 2)
