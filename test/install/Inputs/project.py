"""project.py TREE PROJECT GENERATOR: builds the project with the rondo of the tree, as its user would, and tells how it went."""
import os
import pathlib
import re
import subprocess
import sys
import time

tree, project, generator = sys.argv[1:]
project = pathlib.Path(project)
build, part = project / "build", project / "parts/factor.rondo"
environment = dict(os.environ, CC="clang", CMAKE_PREFIX_PATH=tree)


def run(*command, fails=False):
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if bool(done.returncode) != fails:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def make(**options):
    return run("cmake", "--build", build, **options)


def tell(what, program=build / "use"):
    print(f"{what}: use says {run(program).strip()}")


def tell_again():
    print("again: compiled", "a model" if "Compiling model" in make() else "nothing")


def write(text):
    """Later than all that has been made, by clocks that count seconds too."""
    part.write_text(text)
    os.utime(part, (time.time() + 2,) * 2)


text = part.read_text()
print("configured:", "".join(re.findall("^-- header: .*", run("cmake", "-G", generator, "-S", project, "-B", build), re.M)))
make()
tell("built")
tell_again()
write(text.replace("2.0", "5.0"))
make()
tell("with another part")
time.sleep(2.1)  # until that time has come
make()
tell_again()
write(text.replace("2.0 *", "5.0 ++ *"))
print("with a mistake:", re.search("factor.rondo:.*", make(fails=True))[0])
write(text)
make()
tell("corrected")
run("cmake", "--install", build, "--prefix", project / "installed")
files = sorted(str(path.relative_to(project / "installed")) for path in (project / "installed").rglob("*") if path.is_file())
print("installed:", *files)
build.rename(project / "gone")
tell("without the build", project / "installed/bin/use")
