// SPDX-License-Identifier: Apache-2.0
#include "traps.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;

namespace rexpass
{

static const char importName[] = "__rex_import_rex_abort";

static bool isTrap(const Instruction &instruction)
{
    const auto *call = dyn_cast<IntrinsicInst>(&instruction);
    return call && is_contained({Intrinsic::trap, Intrinsic::debugtrap, Intrinsic::ubsantrap},
                                call->getIntrinsicID());
}

// A block that holds nothing but an unreachable, and that only switches lead to, as their default:
// where code is optimised none is made for it (SelectionDAGBuilder::visitSwitch), and a call there
// would bring the range check back.
static bool isImpossibleDefault(const BasicBlock &block)
{
    if (block.getParent()->hasOptNone() || !isa<UnreachableInst>(block.front()))
        return false;
    for (const BasicBlock *before : predecessors(&block)) {
        const auto *branch = dyn_cast<SwitchInst>(before->getTerminator());
        if (!branch || branch->getDefaultDest() != &block)
            return false;
    }
    return true;
}

// rustc has LLVM make a ud2 of an unreachable (TargetOptions::TrapUnreachable), but not right after
// a call that does not return (NoTrapAfterNoreturn).
static bool wouldTrap(const UnreachableInst &unreachable, bool optimised)
{
    const auto *call = dyn_cast_or_null<CallBase>(unreachable.getPrevNode());
    return !(call && call->doesNotReturn()) &&
           !(optimised && isImpossibleDefault(*unreachable.getParent()));
}

void replaceTraps(Module &module, bool optimised)
{
    SmallVector<Instruction *, 16> traps, places;
    for (Function &function : module) {
        if (function.hasFnAttribute(Attribute::Naked))
            continue;
        for (Instruction &instruction : instructions(function)) {
            if (isTrap(instruction))
                traps.push_back(&instruction);
            else if (auto *end = dyn_cast<UnreachableInst>(&instruction);
                     end && wouldTrap(*end, optimised))
                places.push_back(end);
        }
    }
    if (traps.empty() && places.empty())
        return;

    LLVMContext &context = module.getContext();
    FunctionCallee abort =
        module.getOrInsertFunction(importName, FunctionType::get(Type::getVoidTy(context), false));
    auto *declaration = cast<Function>(abort.getCallee());
    declaration->addFnAttr(Attribute::NoReturn);
    declaration->addFnAttr(Attribute::NoUnwind);
    declaration->addFnAttr(Attribute::Cold);
    declaration->setDSOLocal(true); // the thunk is in the same image

    places.append(traps.begin(), traps.end());
    for (Instruction *place : places) {
        CallInst *call = CallInst::Create(abort, "", place->getIterator());
        call->setDoesNotReturn();
        call->setDoesNotThrow();
        call->setDebugLoc(place->getDebugLoc());
        // A call in a function with debug information must have a place, or the verifier strips it
        // all.
        if (!call->getDebugLoc())
            if (DISubprogram *scope = place->getFunction()->getSubprogram())
                call->setDebugLoc(DILocation::get(context, scope->getLine(), 0, scope));
    }
    for (Instruction *trap : traps)
        trap->eraseFromParent();
}

} // namespace rexpass
