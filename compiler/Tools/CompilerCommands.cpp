#include "compiler/Tools/Command.h"

namespace rondo::tools {

std::vector<Command> compilerCommands() {
  return {buildCommand(),    runCommand(),    trainCommand(), evaluateCommand(),
          generateCommand(), verifyCommand(), benchCommand()};
}

} // namespace rondo::tools
