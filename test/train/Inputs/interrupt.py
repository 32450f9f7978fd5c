# interrupt.py RONDO ARGUMENTS...: starts a training, sends it Ctrl-C behind its first epoch, and prints what it said last
# and its exit code.
import signal
import subprocess
import sys

process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
while not process.stdout.readline().startswith("epoch 1 "):
    pass
process.send_signal(signal.SIGINT)
lines = process.stdout.read().splitlines()
process.wait()
print(lines[-1])
print("exit code", process.returncode)
