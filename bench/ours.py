"""Rondo as a participant: `rondo build` makes a library of the case's model, and ours.cpp runs it."""
import glob
import os
import subprocess

import environment
from process import Missing, Process


class Ours(Process):
    def __init__(self, rondo, cores):
        super().__init__("Rondo", environment.program("ours"), "", cores)
        self.rondo = rondo

    def start(self):
        super().start()
        return subprocess.run([self.rondo, "--version"], check=True, capture_output=True, text=True).stdout.strip()

    def prepare(self, case, folder):
        library = self.build(case, folder)
        self.start()
        return self.ask(f"{case.line(folder)} library={library}", "ready")

    def build(self, case, folder):
        model = os.path.join(environment.HERE, "models", case.model + ".rondo")
        options = case.defines() + (["--gradients"] if case.train else [])
        done = subprocess.run([self.rondo, "build", model, "-o", os.path.join(folder, "library"), *options],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise Missing(done.stderr.strip().split("\n")[0])
        return glob.glob(os.path.join(folder, "library", "*.so"))[0]
