#include "compiler/Emit/Target.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;

namespace rondo::emit {

static const Target all[] = {
    {"x86-64-v2", Arch::X86_64, 2},      {"x86-64-v3", Arch::X86_64, 3},     {"x86-64-v4", Arch::X86_64, 4},
    {"x86-64-v4+bf16", Arch::X86_64, 5}, {"x86-64-v4+amx", Arch::X86_64, 6}, {"aarch64", Arch::Aarch64, 0},
};

ArrayRef<Target> targets() { return all; }

const Target *findTarget(StringRef name) {
  auto it = find_if(all, [&](const Target &target) { return target.name == name; });
  return it == std::end(all) ? nullptr : it;
}

const Target *nativeTarget() {
  Triple triple(sys::getProcessTriple());
  if (triple.getArch() == Triple::aarch64)
    return findTarget("aarch64");
  if (triple.getArch() != Triple::x86_64)
    return nullptr;
  StringMap<bool> features = sys::getHostCPUFeatures();
  auto has = [&](ArrayRef<StringRef> names) {
    return all_of(names, [&](StringRef name) { return features.lookup(name); });
  };
  if (!has({"cx16", "popcnt", "sahf", "sse3", "ssse3", "sse4.1", "sse4.2"}))
    return nullptr;
  if (!has({"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"}))
    return findTarget("x86-64-v2");
  return findTarget(has({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}) ? "x86-64-v4" : "x86-64-v3");
}

StringRef nameOf(WeightFormat format) {
  switch (format) {
  case WeightFormat::F32: return "f32";
  case WeightFormat::BF16: return "bf16";
  case WeightFormat::Int8: return "int8";
  }
  llvm_unreachable("a format of weights");
}

Expected<WeightFormat> parseFormat(StringRef name) {
  for (WeightFormat format : {WeightFormat::F32, WeightFormat::BF16, WeightFormat::Int8})
    if (nameOf(format) == name)
      return format;
  return createStringError("option '--dtype' knows f32, bf16 and int8, not '" + name + "'");
}

static std::string known() {
  std::string names = "native";
  for (const Target &target : all)
    if (!target.isForBf16())
      names += ", " + target.name.str();
  return names;
}

Expected<std::vector<const Target *>> parseTargets(StringRef list, WeightFormat weights) {
  std::vector<const Target *> chosen;
  SmallVector<StringRef, 4> names;
  list.split(names, ',');
  for (StringRef name : names) {
    const Target *target = name == "native" ? nativeTarget() : findTarget(name);
    if (!target)
      return createStringError(name == "native"
                                   ? "there is no target for this machine: it must be at least x86-64-v2, or aarch64"
                                   : "option '--target' knows " + known() + ", not '" + name + "'");
    if (is_contained(chosen, target))
      return createStringError("option '--target' has '" + target->name + "' twice");
    if (!chosen.empty() && chosen[0]->arch != target->arch)
      return createStringError("option '--target': one library cannot hold code for both '" + chosen[0]->name +
                               "' and '" + target->name + "'; build two");
    if (target->isForBf16() && weights != WeightFormat::BF16)
      return createStringError("option '--target': '" + target->name + "' is for --dtype bf16");
    chosen.push_back(target);
  }
  if (weights == WeightFormat::BF16 && is_contained(chosen, findTarget("x86-64-v4")))
    for (const Target &target : all)
      if (target.isForBf16() && !is_contained(chosen, &target))
        chosen.push_back(&target);
  sort(chosen, [](const Target *a, const Target *b) { return a->level > b->level; });
  return chosen;
}

StringRef tripleOf(Arch arch) {
  return arch == Arch::X86_64 ? "x86_64-unknown-linux-gnu" : "aarch64-unknown-linux-gnu";
}

} // namespace rondo::emit
