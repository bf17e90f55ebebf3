// SPDX-License-Identifier: Apache-2.0
// The plugin's registration and the order of its work. README.md is its manual.
#include "checks.h"
#include "config.h"
#include "entries.h"
#include "report.h"
#include "slots.h"
#include "traps.h"

#include "llvm/IR/PassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Plugins/PassPlugin.h"

#include <atomic>

using namespace llvm;

// What the driver compares with rustc's LLVM before it lets rustc load this file.
extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT const char rexPassLLVMVersion[];
const char rexPassLLVMVersion[] = REXPASS_LLVM_VERSION;

namespace rexpass
{

// Modules with a report that this process has begun: the report is of one module, so a second is an
// error.
static std::atomic<unsigned> reportedModules{0};

struct RexPass : PassInfoMixin<RexPass> {
    bool optimised;
    explicit RexPass(bool withOptimisation) : optimised(withOptimisation) {}
    PreservedAnalyses run(Module &module, ModuleAnalysisManager &)
    {
        Config config;
        Report report;
        std::string error;
        if (!readConfig(config, error)) {
            reportError(module, error);
            return PreservedAnalyses::all();
        }
        if (!config.reportPath.empty() && reportedModules.fetch_add(1) != 0) {
            reportError(module, "more than one module to compile: -Ccodegen-units=1 is missing");
            return PreservedAnalyses::all();
        }
        replaceTraps(module, optimised);
        bool good = makeEntries(module, report);
        good = addChecks(module, config, report) && good;
        if (good && !config.reportPath.empty() && !writeReport(report, config.reportPath, error))
            reportError(module, error);
        return PreservedAnalyses::none();
    }
    // Runs on functions marked optnone too (-O0).
    static bool isRequired()
    {
        return true;
    }
};

struct SlotsPass : PassInfoMixin<SlotsPass> {
    PreservedAnalyses run(Module &module, ModuleAnalysisManager &)
    {
        tagVirtualCalls(module);
        return PreservedAnalyses::none();
    }
    static bool isRequired()
    {
        return true;
    }
};

static void registerPass(PassBuilder &builder)
{
    builder.registerPipelineStartEPCallback(
        [](ModulePassManager &manager, OptimizationLevel) { manager.addPass(SlotsPass()); });
    builder.registerOptimizerLastEPCallback(
        [](ModulePassManager &manager, OptimizationLevel level, ThinOrFullLTOPhase) {
            manager.addPass(RexPass(level != OptimizationLevel::O0));
        });
}

} // namespace rexpass

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo
llvmGetPassPluginInfo()
{
    return {LLVM_PLUGIN_API_VERSION, "rexpass", REXPASS_LLVM_VERSION, rexpass::registerPass};
}
