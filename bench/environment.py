"""Makes what the benchmarks need, in build/: the Python packages of the peers, and the programs of this folder."""
import glob
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(HERE), "build")
WORK = os.path.join(BUILD, "bench")
VENV = os.path.join(BUILD, "bench-venv")
REQUIREMENTS = os.path.join(HERE, "requirements.txt")
INSTALL_PYTHON = "build/bench-venv/bin/pip install --no-deps -r bench/requirements.txt"
INSTALL_DEBIAN = "apt-get install libdnnl-dev"


def say(*words):
    print("bench:", *words, file=sys.stderr, flush=True)


def make_venv():
    """Anew where the list of packages has changed. Without a network the peers will be missing, and the rest works."""
    stamp = os.path.join(VENV, "requirements.txt")
    with open(REQUIREMENTS, encoding="utf-8") as file:
        wanted = file.read()
    if os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as file:
            if file.read() == wanted:
                return
    say("installing the peers into build/bench-venv (more than 1 GB to load, 3 GB installed)")
    for command in ([sys.executable, "-m", "venv", VENV],
                    [os.path.join(VENV, "bin/pip"), "install", "--quiet", "--no-deps", "-r", REQUIREMENTS]):
        if subprocess.run(command).returncode != 0:
            say("that failed")
            return
    shutil.copy(REQUIREMENTS, stamp)


def make_programs():
    subprocess.run(["cmake", "-S", HERE, "-B", WORK, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                    "-DCMAKE_CXX_COMPILER=clang++-22", f"-DBENCH_VENV={VENV}"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", WORK, "--quiet"], check=True)


def make():
    os.makedirs(WORK, exist_ok=True)
    make_venv()
    make_programs()


def variables(threads):
    """The environment of a participant."""
    cuda = os.environ.get("CUDA_HOME", "/usr/local/cuda")
    libraries = glob.glob(os.path.join(VENV, "lib/python3*/site-packages/nvidia/*/lib")) + [os.path.join(cuda, "lib64")]
    return {**os.environ,
            "OMP_NUM_THREADS": str(threads),
            "OMP_PROC_BIND": "true",
            "LD_LIBRARY_PATH": os.pathsep.join(libraries),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TORCHINDUCTOR_CACHE_DIR": os.path.join(WORK, "torch"),  # of compiled graphs: a second run finds them
            "TORCHINDUCTOR_COMPILE_THREADS": "1"}


def program(name):
    return [os.path.join(WORK, name)]


def script(name):
    return [os.path.join(VENV, "bin/python"), os.path.join(HERE, name)]
