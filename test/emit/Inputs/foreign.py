"""foreign.py TOOLS TARGET[:DTYPE] 'RUN COMMAND' [--gradients] FILE...: builds the models of the files for a target, runs
them there through a C program made from the manifest, and holds every output against the interpreter's: offsets, ticks
and values. With --gradients, those of parameters too, against what the same program gives on this machine."""
import json
import os
import re
import subprocess
import sys
import tempfile

FOREIGN_CC = ["clang", "--target=aarch64-linux-gnu", "-fuse-ld=lld"]
ALLOWED = {"f32": 1e-4, "bf16": 2e-2, "int8": 5e-2}
C_TYPES = {"f32": "float", "i64": "int64_t", "bool": "uint8_t", "token": "int32_t"}


def flat(value):
    return [x for part in value for x in flat(part)] if isinstance(value, list) else [float(value)]


def array(name, kind, values):
    text = ", ".join(repr(v) if kind == "float" else str(int(v)) for v in values)
    return f"static const {kind} {name}[] = {{{text or 0}}};\n"


def row_count(batch, axis, sample):
    if axis in batch["lengths"]:
        return batch["lengths"][axis][sample]
    return len(batch["offsets"][axis][sample]) - 1 if axis in batch["offsets"] else 1


def offsets_of(batch, axis):
    """As the library takes them: through the whole batch, cut by the outer axis's rows."""
    all_offsets = [0]
    for sample in range(batch["samples"]):
        before = all_offsets[-1]
        outer = batch["offsets"].get(axis["in"])
        all_offsets += [before + end for end in (outer[sample][1:] if outer else [row_count(batch, axis["name"], sample)])]
    return all_offsets


def program(manifest, batch, gradients):
    m, samples = manifest["prefix"], batch["samples"]
    text = f'#include "{m}.h"\n#include <stdio.h>\n#include <stdlib.h>\n'
    fill = ""
    for axis in manifest["axes"]:
        text += array("axis_" + axis["member"], "int64_t", offsets_of(batch, axis))
        fill += f"  in.{axis['member']} = axis_{axis['member']};\n"
    for port in manifest["inputs"]:
        text += array("in_" + port["member"], C_TYPES[port["element"]], flat(batch["inputs"][port["name"]]))
        fill += f"  in.{port['member']} = in_{port['member']};\n"
    show = ""
    for port in manifest["outputs"]:
        name, y = port["member"], "out_" + port["member"]
        room = sum(row_count(batch, port["axis"], s) * row_count(batch, port.get("sourceAxis", "sample"), s)
                   for s in range(samples)) if "clock" in port else 1
        width = 1
        for size in port["shape"]:
            width *= size
        text += f"static {C_TYPES[port['element']]} {y}[{max(room * width, 1)}];\n"
        text += f"static int64_t {y}_offsets[{samples + 1}], {y}_ticks[{max(room, 1)}];\n"
        fill += f"  out.{name} = {y}, out.{name}_rows = {room}, out.{name}_offsets = {y}_offsets, out.{name}_ticks = {y}_ticks;\n"
        show += f"""  printf("\\n{port['name']}");
  for (i = 0; i < out.{name}_rows * {width}; ++i)
    printf(" %.9g", (double){y}[i]);
"""
        if "clock" in port:
            show += f"""  printf("\\n");
  for (i = 0; i <= {samples}; ++i)
    printf(" %d", (int){y}_offsets[i]);
  printf("\\n");
  for (i = 0; i < out.{name}_rows; ++i)
    printf(" %d", (int){y}_ticks[i]);
"""
    upper = m.upper()
    call, last = f"{m}_forward", "out"
    if gradients:
        text += f"static float d_parameters[{upper}_PARAMETER_BYTES / 4 + 1] __attribute__((aligned(64)));\n"
        fill += f"  {m}_gradients gradients = {{.size = sizeof gradients, .parameters = d_parameters}};\n"
        call, last = f"{m}_backward", "out, &gradients"
        show += f"""  printf("\\n");
  for (i = 0; i < {upper}_PARAMETER_BYTES / 4; ++i)
    printf(" %.9g", (double)d_parameters[i]);
"""
    bytes_of = f"{m}_backward_workspace_bytes" if gradients else f"{m}_workspace_bytes"
    return text + f"""
static char parameters[{upper}_PARAMETER_BYTES + 1] __attribute__((aligned(64)));
static char prepared[{upper}_PREPARED_BYTES] __attribute__((aligned(64)));
int main(void) {{
  {m}_inputs in = {{.size = sizeof in, .batch = {samples}}};
  {m}_outputs out = {{.size = sizeof out}};
  rondo_error error;
  size_t bytes;
  int64_t i;
  void *workspace;
{fill}  if ({m}_init((float *)parameters, 0, &error) || {m}_prepare((float *)parameters, prepared, &error) ||
      {bytes_of}(&in, &bytes, &error) || !(workspace = aligned_alloc(64, (bytes + 63) / 64 * 64)) ||
      {call}(prepared, &in, &{last}, workspace, bytes, NULL, &error))
    return puts(error.message), 1;
{show}  return 0;
}}
"""


def differences(manifest, expected, printed):
    allowed = ALLOWED[manifest["dtype"]]
    lines = iter(printed.split("\n")[1:])
    for port in manifest["outputs"]:
        name, *values = next(lines).split()
        stream = expected[name]
        wanted = flat(stream["rows"])
        if len(values) != len(wanted):
            yield f"{name}: {len(values)} values instead of {len(wanted)}"
        elif any(abs(float(a) - b) > allowed * max(1, abs(b)) for a, b in zip(values, wanted)):
            yield f"{name}: other values"
        if "clock" not in port:
            continue
        offsets, ticks = ([int(x) for x in next(lines).split()] for _ in range(2))
        rows = [len(sample) for sample in stream["rows"]]
        if offsets != [sum(rows[:i]) for i in range(len(rows) + 1)]:
            yield f"{name}: offsets {offsets}"
        counts = stream.get("counts", [[1] * len(sample) for sample in stream["ticks"]])
        if ticks != [t for s, sample in enumerate(stream["ticks"]) for i, t in enumerate(sample) for _ in range(counts[s][i])]:
            yield f"{name}: ticks {ticks}"


def output(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{command[-1]}: {done.returncode}: {done.stdout}")
    return done.stdout


def printed(rondo, how, runner, path, batch):
    """What the models' program says, built for a target and run there."""
    with tempfile.TemporaryDirectory() as work:
        manifest = json.loads(output(rondo, "build", "--emit=manifest", *how, path))
        output(rondo, "build", *how, "-o", work, path)
        with open(os.path.join(work, "use.c"), "w", encoding="utf-8") as file:
            file.write(program(manifest, batch, "--gradients" in how))
        use = os.path.join(work, "use")
        cc = FOREIGN_CC if "aarch64" in how else ["clang"]
        output(*cc, "-std=c11", "-Wall", "-Wno-unused-but-set-variable", "-Werror", "-I", work, use + ".c", "-o", use,
               os.path.join(work, f"lib{manifest['prefix']}.so"), f"-Wl,-rpath,{work}")
        return manifest, output(*runner.split(), use)


def check(rondo, how, runner, path, model):
    """What is wrong with the outputs of a model, and with its gradients."""
    report = json.loads(output(rondo, "run", "--interpret", "--json", "--batch", "3", "--length", "9", path, "--model", model))
    how += ["--model", model]
    manifest, said = printed(rondo, how, runner, path, report["batch"])
    yield from differences(manifest, report["outputs"], said)
    if "--gradients" not in how:
        return
    _, here = printed(rondo, ["native" if word == how[1] else word for word in how], "", path, report["batch"])
    there, here = ([float(x) for x in text.split("\n")[-1].split()] for text in (said, here))
    if not any(here) or len(there) != len(here):
        yield "no gradients"
    elif any(not abs(a - b) <= ALLOWED["f32"] * max(1, abs(b)) for a, b in zip(there, here)):
        yield "other gradients"


def main():
    tools, target, runner, *files = sys.argv[1:]
    gradients = [files.pop(0)] if files[0] == "--gradients" else []
    target, _, dtype = target.partition(":")
    models = wrong = 0
    for path in files:
        with open(path, encoding="utf-8") as file:
            names = re.findall(r"^model (\w+)", file.read(), re.MULTILINE)
        for model in names:
            how = ["--target", target, "--dtype", dtype or "f32", *gradients]
            for text in check(os.path.join(tools, "rondo"), how, runner, path, model):
                wrong += 1
                print(f"{path}: {model}: {text}")
        models += len(names)
    print(f"{models} models, {wrong} differences")


main()
