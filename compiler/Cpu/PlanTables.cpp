#include "compiler/Cpu/PlanTables.h"
#include <cstring>
#include <type_traits>

namespace rondo::runtime {

int32_t PlanTables::name(std::string_view name) {
  int32_t first = text.size();
  text.insert(text.end(), name.begin(), name.end());
  text.push_back(0);
  return first;
}

std::vector<char> PlanTables::serialise() const {
  std::vector<char> bytes(sizeof(Plan));
  auto append = [&](auto &table, const auto &rows) {
    static_assert(std::has_unique_object_representations_v<std::decay_t<decltype(rows[0])>>);
    bytes.resize((bytes.size() + 63) / 64 * 64);
    table.offset = bytes.size();
    table.count = rows.size();
    const char *first = reinterpret_cast<const char *>(rows.data());
    bytes.insert(bytes.end(), first, first + rows.size() * sizeof(rows[0]));
  };
  static_assert(std::has_unique_object_representations_v<Plan>);
  Plan plan;
  append(plan.axes, axes);
  append(plan.clocks, clocks);
  append(plan.cuts, cuts);
  append(plan.scopes, scopes);
  append(plan.maps, maps);
  append(plan.arrays, arrays);
  append(plan.views, views);
  append(plan.numbers, numbers);
  append(plan.ops, ops);
  append(plan.scans, scans);
  append(plan.inputs, inputs);
  append(plan.outputs, outputs);
  append(plan.constants, constants);
  append(plan.text, text);
  bytes.resize((bytes.size() + 63) / 64 * 64);
  plan.bytes = bytes.size();
  plan.parameterBytes = parameterBytes;
  plan.preparedBytes = preparedBytes;
  plan.losses = losses;
  plan.prepare = prepare;
  plan.forward = forward;
  std::memcpy(bytes.data(), &plan, sizeof plan);
  return bytes;
}

} // namespace rondo::runtime
