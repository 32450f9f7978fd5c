// The list of diagnostics, its order and its JSON form. DiagnosticText.cpp prints it for people.
#include "dsl/Diagnostics.h"
#include "dsl/Elsewhere.h"
#include "dsl/SourcePlace.h"
#include "llvm/Support/JSON.h"
#include <algorithm>
#include <tuple>

using namespace llvm;

namespace rondo::dsl {

namespace {

struct Row {
  StringRef name;
  Severity severity;
  StringRef title;
};

constexpr Row rows[] = {
#define RONDO_DIAGNOSTIC(ID, SEVERITY, TITLE) {#ID, Severity::SEVERITY, TITLE},
#include "dsl/Diagnostics.def"
#undef RONDO_DIAGNOSTIC
};

const Row &row(DiagId id) { return rows[static_cast<size_t>(id)]; }

void jsonRange(json::OStream &json, const SourceMgr &sources, SMRange range) {
  SourcePlace start = placeOf(sources, range.Start);
  SourcePlace end = placeOf(sources, range.End);
  json.attribute("file", json::fixUTF8(start.file));
  json.attribute("line", start.line);
  json.attribute("column", start.column);
  json.attribute("endLine", end.line);
  json.attribute("endColumn", end.column);
}

} // namespace

StringRef idName(DiagId id) { return row(id).name; }
StringRef title(DiagId id) { return row(id).title; }
Severity severity(DiagId id) { return row(id).severity; }

std::optional<DiagId> idFromName(StringRef name) {
  for (size_t i = 0; i != std::size(rows); ++i)
    if (rows[i].name.equals_insensitive(name))
      return static_cast<DiagId>(i);
  return std::nullopt;
}

Diagnostic &Diagnostics::report(DiagId id, SMRange range, std::string message) {
  Diagnostic made{id, range, std::move(message), {}, {}};
  bool isError = severity(id) == Severity::Error;
  reports += isError;
  bool isNew = !range.isValid() || seen.insert({range.Start.getPointer(), static_cast<unsigned>(id)}).second;
  if (isNew && isError && errors == maxErrors && id != DiagId::R0107)
    report(DiagId::R0107, range, "more than " + std::to_string(maxErrors) + " errors; the rest is not told");
  if (!isNew || (isError && errors > maxErrors)) {
    scratch = std::move(made);
    return scratch;
  }
  errors += isError;
  return list.emplace_back(std::move(made));
}

void Diagnostics::retract(SMLoc at, DiagId id) {
  auto found = llvm::find_if(list, [&](const Diagnostic &d) { return d.id == id && d.range.Start == at; });
  if (found == list.end())
    return;
  seen.erase({at.getPointer(), static_cast<unsigned>(id)});
  if (severity(id) == Severity::Error)
    --errors;
  list.erase(found);
}

void Diagnostics::rewind(Mark mark) {
  for (; list.size() > mark; list.pop_back()) {
    const Diagnostic &last = list.back();
    seen.erase({last.range.Start.getPointer(), static_cast<unsigned>(last.id)});
    if (severity(last.id) == Severity::Error)
      --errors;
  }
}

std::vector<const Diagnostic *> Diagnostics::inSourceOrder() const {
  using Key = std::tuple<unsigned, const char *, size_t>; // buffer, place, and the order of reporting
  std::vector<std::pair<Key, const Diagnostic *>> keyed;
  keyed.reserve(list.size());
  for (const Diagnostic &diagnostic : list) {
    SMLoc at = diagnostic.range.Start;
    unsigned buffer = at.isValid() ? sources.FindBufferContainingLoc(at) : 0;
    keyed.push_back({{buffer, at.getPointer(), keyed.size()}, &diagnostic});
  }
  std::sort(keyed.begin(), keyed.end());
  std::vector<const Diagnostic *> order;
  order.reserve(keyed.size());
  for (const auto &[key, diagnostic] : keyed)
    order.push_back(diagnostic);
  return order;
}

void Diagnostics::printJson(raw_ostream &os) const {
  json::OStream json(os, 2);
  json.array([&] {
    for (const Diagnostic *diagnostic : inSourceOrder())
      json.object([&] {
        json.attribute("id", idName(diagnostic->id));
        json.attribute("severity", severity(diagnostic->id) == Severity::Error ? "error" : "warning");
        jsonRange(json, sources, diagnostic->range);
        json.attribute("message", json::fixUTF8(diagnostic->message));
        json.attributeArray("notes", [&] {
          for (const Note &note : diagnostic->notes)
            json.object([&] {
              jsonRange(json, sources, note.range);
              json.attribute("message", json::fixUTF8(note.message));
            });
        });
        json.attributeArray("fixits", [&] {
          for (const FixIt &fix : diagnostic->fixIts)
            json.object([&] {
              jsonRange(json, sources, fix.range);
              json.attribute("text", json::fixUTF8(fix.text));
            });
        });
      });
  });
}

Diagnostic &Diagnostic::suggest(SMRange at, StringRef name, ArrayRef<StringRef> candidates) {
  if (std::optional<StringRef> near = nearest(name, candidates)) {
    message += "; did you mean '" + near->str() + "'?";
    fixIt(at, near->str());
  }
  return *this;
}

/// Of two candidates equally near, the one that begins as the name does; else by the alphabet.
static bool comesBefore(StringRef a, StringRef b, StringRef name) {
  auto along = [&](StringRef other) {
    return std::mismatch(name.begin(), name.end(), other.begin(), other.end()).first - name.begin();
  };
  return along(a) != along(b) ? along(a) > along(b) : a < b;
}

std::optional<StringRef> nearest(StringRef name, ArrayRef<StringRef> candidates) {
  if (StringRef known = nameHere(name); is_contained(candidates, known))
    return known;
  std::optional<StringRef> best;
  unsigned bestDistance = name.size() / 3 + 1;
  for (StringRef candidate : candidates) {
    if (candidate == name)
      continue;
    unsigned distance = name.edit_distance(candidate, /*AllowReplacements=*/true, bestDistance);
    if (distance > 0 && candidate.equals_insensitive(name))
      distance = 0; // only the case differs: nothing can be nearer
    if (distance == 2 && std::is_permutation(name.begin(), name.end(), candidate.begin(), candidate.end()))
      distance = 1; // two letters changed places: one slip
    if (distance < bestDistance || (best && distance == bestDistance && comesBefore(candidate, *best, name))) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

} // namespace rondo::dsl
