#include "compiler/Train/Options.h"
#include "compiler/Run/Files.h"
#include "llvm/ADT/StringRef.h"
#include <cmath>

using namespace llvm;

namespace rondo::train {

const std::pair<const char *, const char *> fixedOptions[6] = {
    {"optimizer", "adam"}, {"batch", "16"}, {"seed", "0"}, {"loss", "all"}, {"tbptt", "none"}, {"checkpoint", "none"}};

namespace {

class Parser {
public:
  explicit Parser(Settings settings) { options.settings = std::move(settings); }

  Expected<TrainOptions> parse() {
    auto &o = options;
    optimizer();
    schedule();
    real("lr", o.optimiser.rate, 0, /*open=*/true);
    real("decay", o.optimiser.decay, 0);
    momentum();
    real("clip", o.optimiser.clipNorm, 0, /*open=*/true);
    real("clip-value", o.optimiser.clipValue, 0, /*open=*/true);
    count("warmup", o.optimiser.warmup, 0);
    count("epochs", o.epochs, 1);
    count("batch", o.batch, 1);
    count("save-every", o.saveEvery, 1);
    count("tbptt", o.tbptt, 1);
    if (const std::string *text = find("seed"); text && StringRef(*text).getAsInteger(10, o.seed))
      wrong("option '--seed' needs a whole number from 0 to 18446744073709551615, not '" + *text + "'");
    list("loss", o.phase.losses);
    list("train", o.phase.train);
    list("freeze", o.phase.freeze);
    for (auto *groups : {&o.phase.train, &o.phase.freeze})
      for (std::string &group : *groups) // `m[0].W` as the language writes it, `m.0.W` as paths are
        group = withPoints(group);
    if (!o.phase.train.empty() && !o.phase.freeze.empty())
      wrong("give one of --train and --freeze");
    if (!mistake.empty())
      return run::failure(mistake);
    return std::move(options);
  }

private:
  void wrong(const Twine &what) {
    if (mistake.empty())
      mistake = what.str();
  }
  const std::string *find(const char *name) const {
    auto found = options.settings.find(name);
    return found == options.settings.end() ? nullptr : &found->second;
  }
  void real(const char *name, double &value, double least, bool open = false) {
    const std::string *text = find(name);
    if (text &&
        (StringRef(*text).getAsDouble(value) || !std::isfinite(value) || value < least || (open && value == least)))
      wrong(Twine("option '--") + name + "' needs a number " + (open ? "over 0" : "that is not negative") + ", not '" +
            *text + "'");
  }
  void count(const char *name, int64_t &value, int64_t least) {
    const std::string *text = find(name);
    if (text && (StringRef(*text).getAsInteger(10, value) || value < least))
      wrong(Twine("option '--") + name + "' needs a whole number" + (least ? " over 0" : " that is not negative") +
            ", not '" + *text + "'");
  }
  static std::string withPoints(StringRef group) {
    std::string text;
    for (char c : group)
      if (c != ']')
        text += c == '[' ? '.' : c;
    return text;
  }
  void list(const char *name, std::vector<std::string> &values) {
    if (const std::string *text = find(name)) {
      SmallVector<StringRef> parts;
      StringRef(*text).split(parts, ',');
      for (StringRef part : parts)
        values.push_back(part.trim().str());
    }
  }

  void optimizer() {
    using Kind = runtime::Optimiser::Kind;
    const std::string *text = find("optimizer");
    std::string name = text ? *text : "adam";
    runtime::Optimiser &how = options.optimiser;
    if (name == "sgd" || name == "momentum" || name == "nesterov") {
      how.kind = Kind::Sgd;
      how.momentum = name == "sgd" ? 0 : 0.9;
      how.nesterov = name == "nesterov";
      how.rate = 0.1;
    } else if (name == "rmsprop") {
      how.kind = Kind::RmsProp;
    } else if (name == "adam") {
      how.kind = Kind::Adam;
    } else if (name == "adamw") {
      how.kind = Kind::AdamW;
      how.decay = 0.01;
    } else {
      wrong("option '--optimizer' needs one of sgd, momentum, nesterov, rmsprop, adam, adamw, not '" + name + "'");
    }
  }

  void momentum() {
    using Kind = runtime::Optimiser::Kind;
    runtime::Optimiser &how = options.optimiser;
    if (!find("momentum"))
      return;
    bool takesOne = how.kind == Kind::RmsProp || (how.kind == Kind::Sgd && how.momentum != 0);
    real("momentum", how.momentum, 0);
    if (!takesOne || how.momentum == 0 || how.momentum >= 1)
      wrong(
          "option '--momentum' needs a number between 0 and 1, and one of the optimizers momentum, nesterov, rmsprop");
  }

  void schedule() {
    using Schedule = runtime::Optimiser::Schedule;
    const std::string *text = find("schedule");
    if (!text)
      return;
    SmallVector<StringRef> parts;
    StringRef(*text).split(parts, ':');
    runtime::Optimiser &how = options.optimiser;
    bool good = false;
    if (parts[0] == "constant") {
      good = parts.size() == 1;
    } else if (parts[0] == "step") {
      how.schedule = Schedule::Step;
      good = parts.size() == 3 && !parts[1].getAsInteger(10, how.every) && how.every > 0 &&
             !parts[2].getAsDouble(how.factor) && how.factor > 0 && how.factor <= 1;
    } else if (parts[0] == "cosine") {
      how.schedule = Schedule::Cosine;
      good = parts.size() == 1 ||
             (parts.size() == 2 && !parts[1].getAsDouble(how.factor) && how.factor >= 0 && how.factor <= 1);
    }
    if (!good)
      wrong(
          "option '--schedule' needs constant, step:EVERY:FACTOR, cosine or cosine:LEAST, with factors up to 1, not '" +
          *text + "'");
  }

  TrainOptions options;
  std::string mistake; // the first
};

} // namespace

Expected<TrainOptions> parseOptions(Settings settings) { return Parser(std::move(settings)).parse(); }

} // namespace rondo::train
