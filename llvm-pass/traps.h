// SPDX-License-Identifier: Apache-2.0
// Traps become calls (README.md, "Traps").
#ifndef REXC_PASS_TRAPS_H
#define REXC_PASS_TRAPS_H

#include "llvm/IR/Module.h"

namespace rexpass
{

// Replaces what would be a bare ud2 in the machine code by a call of the import rex_abort.
// optimised: the code generator will optimise (not at -O0).
void replaceTraps(llvm::Module &module, bool optimised);

} // namespace rexpass

#endif
