// SPDX-License-Identifier: Apache-2.0
// What the pass did, for the driver (README.md has the format), and how it says what is wrong.
#ifndef REXC_PASS_REPORT_H
#define REXC_PASS_REPORT_H

#include "llvm/ADT/Twine.h"
#include "llvm/IR/Module.h"

#include <string>
#include <utility>
#include <vector>

namespace rexpass
{

struct Report {
    std::vector<std::pair<std::string, std::string>> entries; // name, section
    std::vector<std::string> checks;
    std::vector<std::string> missing;
};

// Sorts and writes the report. On failure returns false and says why in `error`.
bool writeReport(Report &report, const std::string &path, std::string &error);

// Makes the compilation fail with this message.
void reportError(llvm::Module &module, const llvm::Twine &message);

} // namespace rexpass

#endif
