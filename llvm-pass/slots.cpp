// SPDX-License-Identifier: Apache-2.0
#include "slots.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/xxhash.h"

#include <array>
#include <map>
#include <optional>

using namespace llvm;

namespace rexpass
{

static const char tableSymbol[] = "__rex_vtable"; // linker/tables.h

// Whether the bytes are the size and the alignment of a type.
static bool isLayout(StringRef bytes)
{
    return bytes.size() == 16 && isPowerOf2_64(support::endian::read64le(bytes.data() + 8));
}

// Whether a private constant looks like a trait's table: a pointer to the type's drop function or
// 0, size and alignment, pointers and vacant entries (rustc_middle::ty::vtable). They are not told
// from other constants by more than that, as rustc spares their names. Of one that only looks so
// nothing follows but what also holds for it: that code refers to it by addresses within it, and
// that calls of what it holds, through loads as of any function pointer, have no known slot.
static bool isTable(const GlobalVariable &variable)
{
    if (!variable.isConstant() || !variable.hasPrivateLinkage() || !variable.hasInitializer())
        return false;
    const auto *fields = dyn_cast<ConstantStruct>(variable.getInitializer());
    if (!fields || !fields->getType()->isPacked())
        return false;
    unsigned next = fields->getOperand(0)->getType()->isPointerTy() ? 1 : 0;
    if (next == fields->getNumOperands())
        return false;
    const auto *data = dyn_cast<ConstantDataSequential>(fields->getOperand(next++));
    if (!data || !data->isString(8))
        return false;
    StringRef bytes = data->getAsString();
    if (next == 1) {
        if (bytes.size() != 24 || support::endian::read64le(bytes.data()) != 0)
            return false;
        bytes = bytes.drop_front(8);
    }
    for (; next < fields->getNumOperands(); next++) {
        const Constant *field = fields->getOperand(next);
        if (!field->getType()->isPointerTy() && !isa<UndefValue>(field))
            return false;
    }
    return isLayout(bytes);
}

// The code generator changes ids whose bytes, or those of whose negation, are an endbr instruction
// (X86AsmPrinter's MaskKCFIType).
static uint32_t asEmitted(uint32_t id)
{
    for (uint32_t reserved : {0xFA1E0FF3u, 0xFB1E0FF3u})
        if (id == reserved || id == -reserved)
            return id + 1;
    return id;
}

static uint32_t tagged(uint32_t id, uint64_t slot)
{
    std::array<uint8_t, 12> bytes;
    support::endian::write32le(bytes.data(), id);
    support::endian::write64le(bytes.data() + 4, slot);
    auto tag = static_cast<uint32_t>(xxh3_64bits(bytes));
    // 0 is what the link step gives functions that no call may reach.
    return tag == 0 ? 1 : asEmitted(tag);
}

// The slot of a virtual call, in bytes from the table's beginning. Of all loads of function
// pointers only those from tables are said to read what never changes
// (rustc_codegen_ssa::meth::VirtualIndex). The table is a value that came from elsewhere, or the
// constant itself; then the place is a constant expression.
static std::optional<uint64_t> slotOf(const CallBase &call)
{
    const auto *load = dyn_cast<LoadInst>(call.getCalledOperand());
    if (!load || !load->hasMetadata(LLVMContext::MD_invariant_load))
        return std::nullopt;
    APInt offset(64, 0);
    const Value *table = load->getPointerOperand()->stripAndAccumulateConstantOffsets(
        call.getModule()->getDataLayout(), offset, /*AllowNonInbounds=*/true);
    bool whole = isa<Argument, GlobalVariable, LoadInst, ExtractValueInst, CallBase>(table);
    if (!whole || offset.isNegative())
        return std::nullopt;
    return offset.getZExtValue();
}

// The same call with another id.
static void setId(CallBase &call, const OperandBundleUse &bundle, uint32_t id)
{
    const Use &old = bundle.Inputs[0];
    call.setOperand(old.getOperandNo(), ConstantInt::get(old->getType(), id));
}

void tagVirtualCalls(Module &module)
{
    // By tag: the id that it stands for, and the slot.
    std::map<uint32_t, std::pair<uint32_t, uint64_t>> records;
    for (Function &function : module) {
        for (Instruction &instruction : instructions(function)) {
            auto *call = dyn_cast<CallBase>(&instruction);
            if (!call)
                continue;
            std::optional<OperandBundleUse> bundle = call->getOperandBundle(LLVMContext::OB_kcfi);
            std::optional<uint64_t> slot = bundle ? slotOf(*call) : std::nullopt;
            if (!slot)
                continue;
            auto id =
                static_cast<uint32_t>(cast<ConstantInt>(bundle->Inputs[0].get())->getZExtValue());
            uint32_t tag = tagged(id, *slot);
            // Two that share a tag cannot be told apart later, so the second keeps its own id.
            auto [known, added] = records.try_emplace(tag, asEmitted(id), *slot);
            if (added || known->second == std::make_pair(asEmitted(id), *slot))
                setId(*call, *bundle, tag);
        }
    }
    for (GlobalVariable &variable : module.globals()) {
        if (!isTable(variable))
            continue;
        variable.setName(tableSymbol);
        variable.setLinkage(GlobalValue::InternalLinkage);
    }
    if (records.empty())
        return;
    // No section of the module itself is without a place in memory, so the assembler makes it.
    std::string text = ".pushsection .rex_slots,\"\",@progbits\n";
    for (const auto &[tag, meant] : records)
        text += ".long " + std::to_string(tag) + ", " + std::to_string(meant.first) + ", " +
                std::to_string(meant.second) + "\n";
    module.appendModuleInlineAsm(text + ".popsection\n");
}

} // namespace rexpass
