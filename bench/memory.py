"""How much memory the participants need for a case."""
import dataclasses

from measure import write_case
from process import Missing


def status(participant, field):
    """In megabytes."""
    with open(f"/proc/{participant.process.pid}/status", encoding="utf-8") as file:
        line = next(line for line in file if line.startswith(field + ":"))
    return int(line.split()[1]) / 1024


def peak(case, participant):
    """Megabytes at most while it computes the case, beside what it had when it had computed a tiny one: its weights, the
    arrays of inputs, outputs and gradients, and what it works in."""
    tiny = dataclasses.replace(case, hidden=8 * case.modules, inputs=8, batch=1, steps=2)
    participant.close()
    participant.prepare(tiny, write_case(tiny)[0])
    participant.window(0.01)
    before = status(participant, "VmRSS")
    with open(f"/proc/{participant.process.pid}/clear_refs", "w", encoding="utf-8") as file:
        file.write("5")  # the peak counts from now on
    participant.prepare(case, write_case(case)[0])
    participant.window(0.1)
    return status(participant, "VmHWM") - before


def print_peaks(rows, crew):
    print("\n| megabytes | " + " | ".join(participant.name for participant in crew) + " |\n|---|" + "---:|" * len(crew))
    for row in rows:
        cells = [row.name]
        for participant in crew:
            try:
                cells.append(f"{peak(row.case, participant):.3g}")
            except Missing:
                cells.append("-")
        print("| " + " | ".join(cells) + " |", flush=True)
    for participant in crew:
        participant.close()
