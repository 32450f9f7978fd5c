#include "compiler/Tools/Command.h"

namespace rondo::tools {

std::vector<Command> frontCommands() {
  return {checkCommand(), fmtCommand(), explainCommand(), docCommand(), convertCommand()};
}

} // namespace rondo::tools
