// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace rexpass
{

bool writeReport(Report &report, const std::string &path, std::string &error)
{
    llvm::sort(report.entries);
    llvm::sort(report.checks);
    llvm::sort(report.missing);
    std::error_code code;
    raw_fd_ostream out(path, code, sys::fs::OF_None);
    if (!code) {
        out << "rexpass-report 1\nllvm " REXPASS_LLVM_VERSION "\n";
        for (const auto &[name, section] : report.entries)
            out << "entry " << name << ' ' << section << '\n';
        for (const std::string &name : report.checks)
            out << "check " << name << '\n';
        for (const std::string &name : report.missing)
            out << "missing " << name << '\n';
        out.close();
        code = out.error();
        out.clear_error(); // or its destructor would end the process
    }
    if (code)
        error = path + ": " + code.message();
    return !code;
}

// rustc's handler (rustc_codegen_llvm, back/write.rs) drops diagnostics of the kind that
// LLVMContext::emitError(Twine) makes; those of inline assembly it turns into errors of its own.
void reportError(Module &module, const Twine &message)
{
    const std::string text = ("rexpass: " + message).str();
    const Twine line(text);
    module.getContext().diagnose(DiagnosticInfoInlineAsm(/*LocCookie=*/0, line));
}

} // namespace rexpass
