// SPDX-License-Identifier: Apache-2.0
// What the pass is told: the file that REXC_PASS_CONFIG names (README.md has the format).
#ifndef REXC_PASS_CONFIG_H
#define REXC_PASS_CONFIG_H

#include "llvm/ADT/StringSet.h"

#include <string>

namespace rexpass
{

enum class CheckMode { None, List, Core };

struct Config {
    CheckMode mode = CheckMode::None;
    std::string reportPath; // empty: no report
    llvm::StringSet<> checks;
};

// Reads the configuration. On failure returns false and says why in `error`.
bool readConfig(Config &config, std::string &error);

} // namespace rexpass

#endif
