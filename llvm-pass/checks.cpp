// SPDX-License-Identifier: Apache-2.0
#include "checks.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Metadata.h"

using namespace llvm;

namespace rexpass
{

// Why the function cannot be split into wrapper and body; empty when it can.
static std::string obstacle(const Function &function)
{
    if (function.hasFnAttribute(Attribute::Naked))
        return "it is naked";
    switch (function.getCallingConv()) {
    case CallingConv::C:
    case CallingConv::Fast:
    case CallingConv::Cold:
        break;
    default: // r10 or r11 may carry an argument or be the callee's to save
        return "its calling convention is neither C's nor Rust's";
    }
    if (function.hasPrefixData() || function.hasPrologueData())
        return "it has data of its own before its code";
    for (const Argument &argument : function.args()) {
        if (argument.hasNestAttr())
            return "it takes a static chain, which lives in r10";
        if (argument.hasInAllocaAttr() || argument.hasPreallocatedAttr() ||
            argument.hasSwiftErrorAttr() || argument.hasAttribute(Attribute::SwiftAsync))
            return "it has a parameter passed in a special way";
    }
    for (const BasicBlock &block : function)
        if (block.hasAddressTaken())
            return "the address of one of its blocks is taken";
    if (function.getName().find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789_.$") != StringRef::npos)
        return "its name cannot be written in assembly";
    return "";
}

// A name inside the text of an inline assembly statement, where $ begins an operand.
static std::string assemblyName(StringRef name)
{
    std::string text;
    for (char c : name) {
        text += c;
        if (c == '$')
            text += c;
    }
    return text;
}

// The function's blocks, arguments and debug information move to a new local function; the function
// keeps everything by which others know it and becomes the check. A naked function is nothing but
// its assembly, so its code is these bytes whatever the signature, the options and the optimisation
// level.
static void splitFunction(Function &function)
{
    LLVMContext &context = function.getContext();
    Function *body = Function::Create(function.getFunctionType(), GlobalValue::InternalLinkage,
                                      function.getAddressSpace(), function.getName() + ".rex_body");
    function.getParent()->getFunctionList().insertAfter(function.getIterator(), body);
    body->copyAttributesFrom(&function); // calling convention and personality too
    body->setLinkage(GlobalValue::InternalLinkage);
    body->setVisibility(GlobalValue::DefaultVisibility);
    body->setDLLStorageClass(GlobalValue::DefaultStorageClass);
    body->setDSOLocal(true);
    body->setUnnamedAddr(GlobalValue::UnnamedAddr::None);
    body->setComdat(function.getComdat());
    body->setSection("");
    body->removeFnAttr(Attribute::AlwaysInline);
    body->removeFnAttr(Attribute::InlineHint);
    body->addFnAttr(Attribute::NoInline);
    // Reached by a direct jump alone: no endbr64, so that no indirect branch can go around the
    // check.
    body->addFnAttr(Attribute::NoCfCheck);

    body->splice(body->begin(), &function);
    for (unsigned i = 0; i < function.arg_size(); i++) {
        body->getArg(i)->takeName(function.getArg(i));
        function.getArg(i)->replaceAllUsesWith(body->getArg(i));
    }
    body->copyMetadata(&function, 0);
    body->setMetadata(LLVMContext::MD_kcfi_type, nullptr);
    MDNode *kcfiType = function.getMetadata(LLVMContext::MD_kcfi_type);
    function.clearMetadata();
    function.setMetadata(LLVMContext::MD_kcfi_type, kcfiType);

    function.setPersonalityFn(nullptr);
    for (Attribute::AttrKind kind :
         {Attribute::AlwaysInline, Attribute::InlineHint, Attribute::OptimizeNone,
          Attribute::OptimizeForSize, Attribute::MinSize, Attribute::StackProtect,
          Attribute::StackProtectReq, Attribute::StackProtectStrong})
        function.removeFnAttr(kind);
    function.addFnAttr(Attribute::Naked);
    function.addFnAttr(Attribute::NoInline);
    // The endbr64 is in the text below: exactly one, whether or not the compiler thinks one is due.
    function.addFnAttr(Attribute::NoCfCheck);

    std::string text = "endbr64\n\t"
                       "leaq \"__rex_need." +
                       assemblyName(function.getName()) +
                       "\"(%rsp), %r10\n\t"
                       "movq rex_cpu@GOTPCREL(%rip), %r11\n\t"
                       "cmpq %gs:(%r11), %r10\n\t"
                       "jb __rex_import_rex_stack_overflow\n\t"
                       "jmp ${0:P}";
    IRBuilder<> builder(BasicBlock::Create(context, "", &function));
    InlineAsm *assembly =
        InlineAsm::get(FunctionType::get(builder.getVoidTy(), {body->getType()}, false), text,
                       "i,~{r10},~{r11},~{flags},~{memory}", /*hasSideEffects=*/true);
    builder.CreateCall(assembly, {body});
    builder.CreateUnreachable();
}

static const Function *directCallee(const CallBase &call)
{
    return dyn_cast<Function>(call.getCalledOperand()->stripPointerCasts());
}

// Direct calls within the module, and the strongly connected components of that graph by Tarjan's
// algorithm (SIAM J. Comput. 1:2, 1972), without recursion, as core's graph is deep.
class CycleFinder
{
  public:
    explicit CycleFinder(const Module &module)
    {
        for (const Function &function : module)
            if (!function.isDeclarationForLinker() && !states.count(&function))
                visit(function);
    }
    bool onCycle(const Function &function) const
    {
        return cyclic.count(&function) != 0;
    }

  private:
    struct State {
        unsigned index = 0, low = 0;
        bool onStack = false;
    };
    struct Visit {
        const Function *function;
        SmallVector<const Function *, 8> callees;
        size_t next;
    };
    DenseMap<const Function *, State> states;
    DenseSet<const Function *> cyclic;
    SmallVector<const Function *, 64> stack;
    unsigned counter = 0;

    Visit begin(const Function &function)
    {
        Visit begun{&function, {}, 0};
        for (const Instruction &instruction : instructions(function)) {
            const auto *call = dyn_cast<CallBase>(&instruction);
            const Function *callee = call ? directCallee(*call) : nullptr;
            if (callee && !callee->isDeclarationForLinker())
                begun.callees.push_back(callee);
            if (callee == &function)
                cyclic.insert(callee);
        }
        states[&function] = {counter, counter, true};
        counter++;
        stack.push_back(&function);
        return begun;
    }

    void end(const Function *function)
    {
        if (states[function].low != states[function].index)
            return;
        bool several = stack.back() != function;
        const Function *member;
        do {
            member = stack.pop_back_val();
            states[member].onStack = false;
            if (several)
                cyclic.insert(member);
        } while (member != function);
    }

    void visit(const Function &root)
    {
        std::vector<Visit> path;
        path.push_back(begin(root));
        while (!path.empty()) {
            Visit &top = path.back();
            const Function *function = top.function;
            if (top.next == top.callees.size()) {
                end(function);
                unsigned low = states[function].low;
                path.pop_back();
                if (!path.empty()) {
                    State &caller = states[path.back().function];
                    caller.low = std::min(caller.low, low);
                }
                continue;
            }
            const Function *callee = top.callees[top.next++];
            auto found = states.find(callee);
            if (found == states.end())
                path.push_back(begin(*callee));
            else if (found->second.onStack)
                states[function].low = std::min(states[function].low, found->second.index);
        }
    }
};

static bool callsIndirectly(const Function &function)
{
    for (const Instruction &instruction : instructions(function)) {
        const auto *call = dyn_cast<CallBase>(&instruction);
        if (call && !call->isInlineAsm() && !directCallee(*call))
            return true;
    }
    return false;
}

bool addChecks(Module &module, const Config &config, Report &report)
{
    std::vector<Function *> chosen;
    if (config.mode == CheckMode::None)
        return true;
    if (config.mode == CheckMode::Core) {
        CycleFinder cycles(module);
        for (Function &function : module)
            if (!function.isDeclarationForLinker() &&
                (callsIndirectly(function) || cycles.onCycle(function)))
                chosen.push_back(&function);
    } else {
        for (const auto &check : config.checks) {
            Function *function = module.getFunction(check.getKey());
            if (function && !function->isDeclarationForLinker())
                chosen.push_back(function);
            else
                report.missing.push_back(check.getKey().str());
        }
    }

    bool good = true;
    for (Function *function : chosen) {
        std::string why = obstacle(*function);
        if (why.empty() && module.getNamedValue((function->getName() + ".rex_body").str()))
            why = "the name of its body is taken";
        if (!why.empty()) {
            reportError(module, "no stack check can be put in " + function->getName() + ": " + why);
            good = false;
            continue;
        }
        splitFunction(*function);
        report.checks.push_back(function->getName().str());
    }
    return good;
}

} // namespace rexpass
