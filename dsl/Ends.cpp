// What a model gives back: outputs (M2), losses (M1), generate (M3).
#include "dsl/Elaborate.h"
#include "fmt/format.h"

namespace rondo::dsl {

void Elaborator::makeOutput(const Item &item) {
  Context ctx;
  ctx.body = modelBody;
  const Name &name = item.names[0];
  for (const Output &o : outputs)
    if (o.name == name.text)
      error(DiagId::R0202, name.range, ctx, fmt::format("output '{}' is there twice", o.name))
          .note(o.range, "first here");
  Expr *e = const_cast<Expr *>(place(name.range));
  e->name = name.text;
  NodeId n = node(evaluate(e, ctx), e, ctx);
  if (n != noNode)
    outputs.push_back({name.text.str(), n, name.range});
}

void Elaborator::makeLoss(const Item &item) {
  ++lossCount;
  Equation *q = makeEquation();
  q->item = &item;
  q->value = item.value;
  q->body = modelBody;
  q->anonymous = true;
  q->name = !item.names.empty() ? item.names[0].text.str() : lossCount == 1 ? "loss" : fmt::format("loss{}", lossCount);
  Context ctx = equationContext(*q);
  for (const Loss &l : losses)
    if (l.name == q->name)
      error(DiagId::R0202, item.keyword, ctx, fmt::format("loss '{}' is there twice", l.name))
          .note(l.range, "first here");
  Value v = force(*q, 0, q->value, ctx);
  NodeId n = v.isError() ? noNode : node(v, q->value, ctx);
  if (n == noNode)
    return;
  const Type type = nodes[n].type;
  if (!type.dims.empty() || (type.elem != Elem::Real && type.elem != Elem::Int)) {
    error(DiagId::R0601, q->value, ctx,
          fmt::format("a loss is one real a tick; this is {}{}", describeType(type),
                      type.dims.empty() ? ""
                                        : fmt::format(": 'mean(.., axis = {})'", type.dims.size() == 1 ? "0" : "all")));
    return;
  }
  Loss loss;
  loss.name = q->name;
  loss.node = convert(n, Elem::Real, 0, q->value, ctx);
  loss.range = item.keyword;
  loss.trainsAll = item.trains.empty();
  for (const std::vector<PathElement> &path : item.trains) {
    std::string text;
    for (const PathElement &p : path)
      text += (text.empty() ? "" : ".") + (p.name.text.empty() ? std::to_string(p.index) : p.name.text.str());
    loss.trainsPaths.push_back(text);
    loss.trainsPlaces.push_back({path.front().name.range.Start, path.back().name.range.End});
  }
  losses.push_back(loss);
}

void Elaborator::makeGenerate(const Item &item) {
  Context ctx;
  ctx.body = modelBody;
  Generate g;
  g.range = item.keyword;
  g.next = item.next;
  if (!generates.empty()) {
    error(DiagId::R0602, item.keyword, ctx, "a model generates one input")
        .note(generates[0].range, "the other 'generate'");
    return;
  }
  size_t k = 0;
  while (k < inputs.size() && inputs[k].name != item.names[0].text)
    ++k;
  if (k == inputs.size()) {
    std::vector<StringRef> names;
    for (const Input &input : inputs)
      names.push_back(input.name);
    error(DiagId::R0602, item.names[0].range, ctx,
          fmt::format("'generate' makes rows of an input; '{}' is none", item.names[0].text.str()))
        .suggest(item.names[0].range, item.names[0].text, names);
    return;
  }
  g.input = k;
  Expr *e = const_cast<Expr *>(place(item.names[1].range));
  e->name = item.names[1].text;
  g.node = node(evaluate(e, ctx), e, ctx);
  if (g.node == noNode)
    return;
  for (const Argument &a : item.arguments) {
    int64_t *slot = !a.name                   ? nullptr
                    : a.name->text == "start" ? &g.start
                    : a.name->text == "stop"  ? &g.stop
                    : a.name->text == "limit" ? &g.limit
                                              : nullptr;
    if (!slot) {
      error(DiagId::R0203, a.name ? a.name->range : a.value->range, ctx,
            "'generate' takes 'start = ..', 'stop = ..' and 'limit = ..'");
      continue;
    }
    const Type &t = inputs[k].type;
    bool token = a.name->text != "limit";
    if (token && t.elem != Elem::Token) {
      error(DiagId::R0602, a.name->range, ctx,
            fmt::format("'{}' is a token; '{}' is {}: it starts at zero, and ends at the limit", a.name->text.str(),
                        inputs[k].name, describeType(t)));
      continue;
    }
    std::optional<int64_t> v = evaluateInt(a.value, ctx, a.name->text.str().c_str());
    if (!v)
      continue;
    if (*v < (token ? 0 : 1) || (token && *v >= t.tokens))
      error(DiagId::R0304, a.value, ctx,
            token ? fmt::format("{} is no token({}): tokens are 0..{}", *v, t.tokens, t.tokens - 1)
                  : fmt::format("{} cannot be {}", a.name->text.str(), *v));
    *slot = *v;
  }
  generates.push_back(g);
}

} // namespace rondo::dsl
