"""Dates as people write them, and in ISO form: data.py FOLDER [DATES]. A line each, in two files."""

import datetime
import random
import sys

FORMS = (
    "{month} {day}, {year}",  # May 3, 1987
    "{day} {month} {year}",
    "the {day}{th} of {month} {year}",
    "{weekday}, {day} {short} {year}",
    "{short}. {day}{th}, {year}",
    "{day}.{number}.{year}",
    "{day:02}/{number:02}/{year}",
    "{day}-{short}-{decade:02}",  # of the twentieth century
    "{year}, {month} the {day}{th}",
)
MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def date(chance):
    day = datetime.date(1900, 1, 1) + datetime.timedelta(days=chance.randrange(36524))  # up to 1999
    month = MONTHS[day.month - 1]
    th = "th" if 10 < day.day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    written = chance.choice(FORMS).format(day=day.day, th=th, number=day.month, month=month, short=month[:3],
                                          year=day.year, decade=day.year % 100, weekday=WEEKDAYS[day.weekday()])
    return written, day.isoformat()


def write(name, count, chance):
    with open(f"{name}.written.txt", "w") as written, open(f"{name}.iso.txt", "w") as iso:
        for _ in range(count):
            pair = date(chance)
            written.write(pair[0] + "\n")
            iso.write(pair[1] + "\n")


folder, count = sys.argv[1], int((sys.argv[2:] or [5000])[0])
write(f"{folder}/train", count, random.Random(1))
write(f"{folder}/test", 500, random.Random(2))
