"""A participant as a process that is told what to do, a line at a time; Participant.h tells the protocol."""
import os
import select
import subprocess

import environment

NO_FAULTS = ["it has no such cell", "it computes no gradients"]  # where a participant says so
PATIENCE = 900  # seconds for an answer: compiling an unrolled loop takes minutes


class Missing(Exception):
    """A participant cannot be had, or cannot compute a case; the message says why."""


class Process:
    def __init__(self, name, command, install, cores):
        """`name`: its column in the table; `install`: the command that makes it available; `cores`: where it runs."""
        self.name, self.command, self.install, self.cores = name, command, install, cores
        self.process = None

    def start(self):
        """Starts it if need be, and gives its name with its version."""
        if self.process:
            return self.version
        self.log = os.path.join(environment.WORK, self.name.replace(" ", "-") + ".log")
        try:
            with open(self.log, "w", encoding="utf-8") as log:
                self.process = subprocess.Popen(self.command, env=environment.variables(len(self.cores)), text=True,
                                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, bufsize=1,
                                                preexec_fn=lambda: os.sched_setaffinity(0, self.cores))
            self.version = self.ask(None, "hello")
        except OSError as error:
            raise Missing(f"{error.strerror}: {error.filename}; {self.install}") from error
        except Missing as error:
            raise Missing(f"{error}; {self.install}") from error
        return self.version

    def ask(self, line, expected):
        """The rest of the answer, whose first word must be the expected one."""
        try:
            if line:
                self.process.stdin.write(line + "\n")
        except BrokenPipeError:
            pass  # it died: there is no answer below
        ready = select.select([self.process.stdout], [], [], PATIENCE)[0]
        word, _, rest = (self.process.stdout.readline() if ready else "").strip().partition(" ")
        if word == expected:
            return rest
        if word == "missing":
            raise Missing(rest)
        self.close()  # it will be started anew
        with open(self.log, encoding="utf-8", errors="replace") as log:
            complaints = log.read().split("\n")
        raise Missing(next((line for line in reversed(complaints) if line), "no answer"))

    def prepare(self, case, folder):
        """Makes a case ready, and gives the way chosen to compute it."""
        self.start()
        return self.ask(case.line(folder), "ready")

    def values(self, path):
        self.ask(f"values {path}", "values")

    def window(self, seconds):
        """Median and best microseconds a run, runs, processor seconds, involuntary context switches."""
        return [float(word) for word in self.ask(f"window {seconds}", "window").split()]

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None
