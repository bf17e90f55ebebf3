// SPDX-License-Identifier: Apache-2.0
// Entry points: marker statics (MARKER.md) become external functions in sections that libbpf knows.
#ifndef REXC_PASS_ENTRIES_H
#define REXC_PASS_ENTRIES_H

#include "report.h"

#include "llvm/IR/Module.h"

namespace rexpass
{

// Makes every entry point of the module and adds them to the report. Returns false after it has
// reported errors.
bool makeEntries(llvm::Module &module, Report &report);

} // namespace rexpass

#endif
