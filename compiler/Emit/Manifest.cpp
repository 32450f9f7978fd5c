#include "compiler/Emit/Text.h"
#include "runtime/Library.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rondo::emit {

namespace {

class Manifest {
public:
  Manifest(const Facts &facts, raw_ostream &os) : facts(facts), interface(facts.interface), json(os, 1) {}

  void print() {
    json.object([&] {
      json.attribute("rondo", RONDO_VERSION);
      json.attribute("abi", runtime::abiVersion);
      json.attribute("model", interface.model);
      json.attribute("prefix", interface.prefix);
      json.attribute("training", interface.training);
      json.attribute("dtype", nameOf(facts.weights));
      json.attributeArray("targets", [&] {
        for (const Target *target : facts.targets)
          json.value(target->name);
      });
      if (interface.notCausal) {
        json.attribute("causal", interface.notCausal->empty());
        if (!interface.notCausal->empty())
          json.attribute("whyNotCausal", *interface.notCausal);
      }
      json.attribute("steps", interface.hasSteps);
      if (!interface.notStepped.empty())
        json.attribute("whyNoSteps", interface.notStepped);
      if (interface.hasSteps) {
        json.attribute("stepAxis", interface.stepAxis);
        json.attributeArray("stepEnds", [&] {
          for (const StepEnd &end : interface.stepEnds)
            json.object([&] {
              json.attribute("axis", end.axis);
              json.attribute("member", end.member);
            });
        });
      }
      if (interface.generate)
        printGeneration(*interface.generate);
      else if (!interface.notGenerated.empty())
        json.attribute("whyNotGenerated", interface.notGenerated);
      if (interface.gradients)
        printGradients(*interface.gradients);
      if (interface.windows)
        printWindows(*interface.windows);
      else if (!interface.noWindows.empty())
        json.attribute("whyNoWindows", interface.noWindows);
      if (facts.checkpoint)
        json.attribute("checkpoint", facts.checkpoint);
      json.attributeObject("bytes", [&] {
        json.attribute("parameters", interface.parameterBytes);
        json.attribute("prepared", facts.preparedBytes);
        json.attribute("alignment", parameterAlignment);
      });
      json.attributeArray("axes", [&] {
        for (const Axis &axis : interface.axes)
          json.object([&] {
            json.attribute("name", axis.name);
            json.attribute("in", axis.outer);
            json.attribute("member", axis.member);
          });
      });
      printPorts("inputs", interface.inputs);
      printPorts("outputs", interface.outputs);
      json.attributeArray("losses", [&] {
        for (const Loss &loss : interface.losses)
          json.object([&] {
            json.attribute("name", loss.name);
            if (loss.trains)
              json.attributeArray("trains", [&] {
                for (const std::string &path : *loss.trains)
                  json.value(path);
              });
          });
      });
      json.attributeArray("parameters", [&] {
        for (const Parameter &parameter : interface.parameters)
          json.object([&] {
            json.attribute("path", parameter.path);
            printType(parameter.type);
            json.attribute("offset", parameter.offset);
            json.attribute("bytes", parameter.type.elements() * bytesOf(parameter.type.element));
          });
      });
    });
  }

private:
  void printMembers(StringRef key, ArrayRef<Gradient> gradients, ArrayRef<Port> ports) {
    json.attributeArray(key, [&] {
      for (const Gradient &gradient : gradients)
        json.object([&] {
          json.attribute("name", ports[gradient.port].name);
          json.attribute("member", gradient.member);
        });
    });
  }

  void printGradients(const Gradients &gradients) {
    json.attributeObject("gradients", [&] {
      printMembers("outputs", gradients.outputs, interface.outputs);
      printMembers("inputs", gradients.inputs, interface.inputs);
    });
  }

  void printWindows(const Windows &windows) {
    json.attributeObject("windows", [&] {
      printMembers("ahead", windows.ahead, interface.inputs);
      printMembers("gradients", windows.dAhead, interface.inputs);
    });
  }

  void printGeneration(const Generation &generation) {
    json.attributeObject("generate", [&] {
      json.attribute("input", interface.inputs[generation.input].name);
      json.attribute("next", generation.isNext);
      json.attribute("chosen", generation.isChosen);
      for (auto [name, number] :
           {std::make_pair("start", generation.start), {"stop", generation.stop}, {"limit", generation.limit}})
        if (number)
          json.attribute(name, *number);
      json.attributeArray("inputs", [&] {
        for (const std::string &name : generation.inputs)
          json.value(name);
      });
    });
  }

  void printType(const RowType &type) {
    json.attribute("element", nameOf(type.element));
    if (type.element == Element::Token)
      json.attribute("tokens", type.tokens);
    json.attributeArray("shape", [&] {
      for (int64_t size : type.shape)
        json.value(size);
    });
  }

  void printPorts(StringRef key, ArrayRef<Port> ports) {
    json.attributeArray(key, [&] {
      for (const Port &port : ports)
        json.object([&] {
          json.attribute("name", port.name);
          json.attribute("member", port.member);
          printType(port.type);
          if (port.isStepped)
            json.attribute("stepped", true);
          if (port.isStepped && !port.given.empty())
            json.attribute("given", port.given);
          // One that has no clock is one row.
          if (!port.clock.empty()) {
            json.attribute("clock", port.clock);
            json.attribute("axis", port.axis);
          }
          if (!port.source.empty()) {
            json.attribute("source", port.source);
            json.attribute("sourceAxis", port.sourceAxis);
            json.attribute("per", port.per);
          }
        });
    });
  }

  const Facts &facts;
  const Interface &interface;
  json::OStream json;
};

} // namespace

std::string manifestText(const Facts &facts) {
  std::string text;
  raw_string_ostream os(text);
  Manifest(facts, os).print();
  return text;
}

} // namespace rondo::emit
