// SPDX-License-Identifier: Apache-2.0
// Stack checks in front of functions (README.md has the bytes of one).
#ifndef REXC_PASS_CHECKS_H
#define REXC_PASS_CHECKS_H

#include "config.h"
#include "report.h"

#include "llvm/IR/Module.h"

namespace rexpass
{

// Puts the checks that the configuration asks for into the module, and adds them and the names that
// were not found to the report. Returns false after it has reported errors.
bool addChecks(llvm::Module &module, const Config &config, Report &report);

} // namespace rexpass

#endif
