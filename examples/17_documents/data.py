"""Reviews, as lines of a label, a tab and a text: data.py FOLDER [DOCUMENTS].

Most sentences of a review tell nothing; one to three are opinions, and some of these are turned round by a "not" or a
"never". Good and bad reviews have opinions of one kind, mixed ones of both.
"""

import random
import sys

THINGS = ["the food", "the soup", "the room", "the bed", "the view", "the music", "the service", "our guide"]
GOOD = ["lovely", "perfect", "great", "delicious", "friendly"]
BAD = ["awful", "dirty", "terrible", "noisy", "rude"]
DAYS = ["monday", "friday", "sunday"]
PLACES = ["the station", "the harbour", "the old town", "the hotel"]
PEOPLE = ["my sister", "my father", "a friend", "our neighbour"]
BEFORE = ["", "", "as we came from {place} on {day}", "if you ask us", "on {day} at ten we found that"]
BEHIND = ["", "", "when we came from {place}", "as it is by {place}", "on the {day} that we were there"]


def opinion(chance, good):
    thing, turned = chance.choice(THINGS), chance.random() < 0.3
    word = chance.choice(GOOD if good != turned else BAD)
    said = f"{thing} was {chance.choice(['not', 'never'])} {word}"
    if not turned:
        said = f"{thing} was {chance.choice(['', 'very ', 'really '])}{word}"
    before, behind = chance.choice(BEFORE), chance.choice(BEHIND)
    return f"{before} {said} {behind}".format(day=chance.choice(DAYS), place=chance.choice(PLACES)).strip()


def remark(chance):
    day, place, person = chance.choice(DAYS), chance.choice(PLACES), chance.choice(PEOPLE)
    return chance.choice([
        f"we came from {place} by train on {day}",
        f"{person} told us about it last year",
        f"it is a short walk from {place}",
        f"we met {person} there on {day}",
        f"they close at ten on {day}",
        f"you can pay by card or cash",
        f"{chance.choice(THINGS)} was as we had read",
    ])


def review(chance):
    label = chance.choice(["good", "bad", "mixed"])
    count = chance.randint(2, 3) if label == "mixed" else chance.randint(1, 3)
    kinds = [label == "good"] * count
    if label == "mixed":
        kinds = [True, False] + [chance.random() < 0.5] * (count - 2)
    sentences = [opinion(chance, good) for good in kinds]
    sentences += [remark(chance) for _ in range(chance.randint(4, 10))]
    chance.shuffle(sentences)
    return label + "\t" + " ".join(sentence.capitalize() + "." for sentence in sentences).lower()


def write(path, count, seed):
    chance = random.Random(seed)
    with open(path, "w") as file:
        file.writelines(review(chance) + "\n" for _ in range(count))


if __name__ == "__main__":
    folder, count = sys.argv[1], int((sys.argv[2:] or [2000])[0])
    write(f"{folder}/train.tsv", count, 1)
    write(f"{folder}/test.tsv", 500, 2)
