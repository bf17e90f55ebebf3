// SPDX-License-Identifier: Apache-2.0
// What tells virtual calls apart that check the same kcfi id (README.md, "Virtual calls").
#ifndef REXC_PASS_SLOTS_H
#define REXC_PASS_SLOTS_H

#include "llvm/IR/Module.h"

namespace rexpass
{

// Gives each virtual call an id of its own for the table's slot that it reads, puts a record of
// that into the section .rex_slots, and gives each table a symbol. Before any optimisation: later a
// call may no longer be next to the load that shows the slot.
void tagVirtualCalls(llvm::Module &module);

} // namespace rexpass

#endif
