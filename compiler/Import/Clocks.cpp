#include "compiler/Import/Clocks.h"

namespace rondo::import {

rnn::ClockInterface ClockTranslator::clock(const dsl::Clock *clock) {
  if (!clock)
    return {};
  if (auto it = known.find(clock); it != known.end())
    return it->second;
  rnn::ClockInterface result;
  switch (clock->kind) {
  case dsl::Clock::Kind::Sample: result = rnn::AxisClockAttr::getSample(context); break;
  case dsl::Clock::Kind::Axis:
    result = rnn::AxisClockAttr::get(context, clock->name, this->clock(clock->parent));
    break;
  case dsl::Clock::Kind::Every:
    result = rnn::EveryClockAttr::get(clock->period, clock->phase, this->clock(clock->parent), reverse(clock->scope),
                                      cuts(clock->scope));
    break;
  case dsl::Clock::Kind::Event: result = rnn::EventClockAttr::get(clock->id, this->clock(clock->parent)); break;
  case dsl::Clock::Kind::Var: llvm_unreachable("a finished model has no clock variables");
  }
  known[clock] = result;
  return result;
}

rnn::ScopeAttr ClockTranslator::cuts(uint32_t scope) {
  llvm::SmallVector<rnn::CutAttr> cuts;
  for (const dsl::Cut &cut : model.scopes[scope].cuts)
    if (cut.before || cut.clock->kind != dsl::Clock::Kind::Sample) // nothing comes after the sample's tick
      cuts.push_back(rnn::CutAttr::get(context, cut.before, clock(cut.clock)));
  return cuts.empty() ? rnn::ScopeAttr() : rnn::ScopeAttr::get(context, cuts);
}

rnn::ScopeAttr ClockTranslator::after(rnn::ClockInterface clock) {
  return clock.isSample() ? rnn::ScopeAttr() : rnn::ScopeAttr::get(context, rnn::CutAttr::get(context, false, clock));
}

} // namespace rondo::import
