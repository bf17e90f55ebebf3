// SPDX-License-Identifier: Apache-2.0
#include "entries.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Analysis/ConstantFolding.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

#include <optional>

using namespace llvm;

namespace rexpass
{

// The layout of MARKER.md, in bytes.
constexpr StringLiteral magic = StringLiteral::withInnerNUL("REXPROGRAMv1\0\0\0\0");
constexpr uint64_t nameOffset = 16;    // pointer, then length
constexpr uint64_t sectionOffset = 32; // pointer, then length
constexpr uint64_t trampolineOffset = 48;
constexpr uint64_t markerSize = 56;

constexpr uint64_t maximumName = 63;
constexpr uint64_t maximumSection = 127;

struct Marker {
    GlobalVariable *variable;
    std::string name, section;
    Function *trampoline;
};

// The length bytes at offset in a constant; nothing when they are not all known bytes.
static std::optional<std::string> constantBytes(Constant *constant, uint64_t offset,
                                                uint64_t length, const DataLayout &layout)
{
    if (layout.getTypeAllocSize(constant->getType()).getFixedValue() < offset + length)
        return std::nullopt;
    Type *byte = Type::getInt8Ty(constant->getContext());
    std::string bytes;
    for (uint64_t i = 0; i < length; i++) {
        Constant *value = ConstantFoldLoadFromConst(constant, byte, APInt(64, offset + i), layout);
        const auto *number = dyn_cast_or_null<ConstantInt>(value);
        if (!number)
            return std::nullopt;
        bytes += static_cast<char>(number->getZExtValue());
    }
    return bytes;
}

static Constant *constantPointer(Constant *constant, uint64_t offset, const DataLayout &layout)
{
    return ConstantFoldLoadFromConst(constant, PointerType::get(constant->getContext(), 0),
                                     APInt(64, offset), layout);
}

// The text that a pointer and a length at offset of a marker describe, of at most maximum bytes.
static std::optional<std::string> constantText(Constant *constant, uint64_t offset,
                                               uint64_t maximum, const DataLayout &layout)
{
    const auto *length = dyn_cast_or_null<ConstantInt>(ConstantFoldLoadFromConst(
        constant, Type::getInt64Ty(constant->getContext()), APInt(64, offset + 8), layout));
    Constant *pointer = constantPointer(constant, offset, layout);
    if (!length || !pointer || length->getZExtValue() == 0 || length->getZExtValue() > maximum)
        return std::nullopt;
    APInt start(64, 0);
    auto *text = dyn_cast<GlobalVariable>(
        pointer->stripAndAccumulateConstantOffsets(layout, start, /*AllowNonInbounds=*/true));
    if (!text || !text->isConstant() || !text->hasDefinitiveInitializer() || start.isNegative() ||
        start.ugt(UINT32_MAX))
        return std::nullopt;
    return constantBytes(text->getInitializer(), start.getZExtValue(), length->getZExtValue(),
                         layout);
}

static bool isIdentifier(StringRef name)
{
    return (isAlpha(name.front()) || name.front() == '_') &&
           all_of(name, [](char c) { return isAlnum(c) || c == '_'; });
}

// Names that mean something to the linker, the runtimes or the compiler.
static bool isReserved(StringRef name)
{
    return name.starts_with("__") || name.starts_with("_R") || name.starts_with("_ZN") ||
           is_contained({"memcpy", "memmove", "memset", "memcmp", "bcmp", "strlen"}, name);
}

// What libbpf's section table (tools/lib/bpf/libbpf.c, section_defs) calls the five program types.
static bool isSection(StringRef section)
{
    SmallVector<StringRef, 4> parts;
    section.split(parts, '/');
    for (StringRef part : parts)
        if (part.empty() ||
            !all_of(part, [](char c) { return isAlnum(c) || c == '_' || c == '.'; }))
            return false;
    if (parts.size() == 1)
        return is_contained({"xdp", "tc", "perf_event", "kprobe"}, section);
    return (parts.size() == 2 && parts[0] == "kprobe") ||
           (parts.size() == 3 && parts[0] == "tracepoint");
}

static bool beginsWithMagic(const GlobalVariable &variable, const DataLayout &layout)
{
    return variable.hasInitializer() &&
           constantBytes(const_cast<Constant *>(variable.getInitializer()), 0, magic.size(),
                         layout) == magic.str();
}

// Whether the symbol is the rex crate's own maker of programs of that section (MARKER.md): any
// other function would be called with a context of a type of its author's choice.
static bool isCrateEntry(StringRef symbol, StringRef section)
{
    static const std::pair<StringRef, StringRef> modules[] = {{"xdp", "3xdp"},
                                                              {"tc", "9sched_cls"},
                                                              {"kprobe", "6kprobe"},
                                                              {"tracepoint", "10tracepoint"},
                                                              {"perf_event", "10perf_event"}};
    StringRef type = section.split('/').first;
    const auto *module = find_if(modules, [&](const auto &pair) { return pair.first == type; });
    // RFC 2603: I <path> is an instance, Nv and Nt are a value and a type in a path, Cs <base 62> _
    // is a crate with its disambiguator.
    if (module == std::end(modules) || !symbol.consume_front("_RINvNtCs"))
        return false;
    StringRef hash = symbol.take_while(isAlnum);
    return !hash.empty() && symbol.consume_front(hash) && symbol.consume_front("_3rex") &&
           symbol.consume_front(module->second) && symbol.starts_with("5entry");
}

// Reads a marker. Returns what is wrong with it, or nothing.
static std::string readMarker(GlobalVariable &variable, bool used, Marker &marker)
{
    const DataLayout &layout = variable.getDataLayout();
    Constant *initializer = variable.getInitializer();
    marker.variable = &variable;
    if (!used)
        return "it is not in llvm.used";
    // In an rlib rustc makes it visible outside, so linkage says nothing.
    if (!variable.isConstant())
        return "it is not constant";
    if (layout.getTypeAllocSize(initializer->getType()).getFixedValue() != markerSize)
        return (Twine("it is not ") + Twine(markerSize) + " bytes long").str();

    std::optional<std::string> name = constantText(initializer, nameOffset, maximumName, layout);
    if (!name || !isIdentifier(*name))
        return (Twine("the program's name is no identifier of 1 to ") + Twine(maximumName) +
                " ASCII characters")
            .str();
    if (isReserved(*name))
        return "the program's name " + *name + " is reserved";
    std::optional<std::string> section =
        constantText(initializer, sectionOffset, maximumSection, layout);
    if (!section || !isSection(*section))
        return "the section of program " + *name + " is of no known program type" +
               (section && isPrint(section->front()) ? ": " + *section : "");

    Constant *pointer = constantPointer(initializer, trampolineOffset, layout);
    auto *trampoline = pointer ? dyn_cast<Function>(pointer->stripPointerCasts()) : nullptr;
    LLVMContext &context = variable.getContext();
    Type *expected = FunctionType::get(Type::getInt32Ty(context), {PointerType::get(context, 0)},
                                       /*isVarArg=*/false);
    if (!trampoline || trampoline->isDeclarationForLinker())
        return "the trampoline of program " + *name + " is no function of this crate";
    if (trampoline->getFunctionType() != expected || trampoline->getCallingConv() != CallingConv::C)
        return "the trampoline of program " + *name + " is not an extern \"C\" fn(pointer) -> u32";
    if (!isCrateEntry(trampoline->getName(), *section))
        return "the trampoline of program " + *name + " is " + trampoline->getName().str() +
               ", not the rex crate's for " + *section;
    marker.name = *name;
    marker.section = *section;
    marker.trampoline = trampoline;
    return "";
}

// A string that only its marker used.
static void eraseIfUnused(Constant *pointer)
{
    auto *text = dyn_cast<GlobalVariable>(pointer->stripInBoundsConstantOffsets());
    if (!text || !text->hasLocalLinkage())
        return;
    text->removeDeadConstantUsers();
    if (text->use_empty())
        text->eraseFromParent();
}

// Deletes the marker. From here on its trampoline has no use, if the marker was the only one.
static void eraseMarker(Marker &marker)
{
    const DataLayout &layout = marker.variable->getDataLayout();
    Constant *initializer = marker.variable->getInitializer();
    Constant *texts[] = {constantPointer(initializer, nameOffset, layout),
                         constantPointer(initializer, sectionOffset, layout)};
    marker.variable->eraseFromParent();
    eraseIfUnused(texts[0]);
    if (texts[1]->stripInBoundsConstantOffsets() != texts[0]->stripInBoundsConstantOffsets())
        eraseIfUnused(texts[1]);
    marker.trampoline->removeDeadConstantUsers();
}

static void makeEntry(Module &module, Marker &marker)
{
    Function &entry = *marker.trampoline;
    entry.setName(marker.name);
    entry.setLinkage(GlobalValue::ExternalLinkage);
    entry.setVisibility(GlobalValue::DefaultVisibility); // a hidden one would end as a local symbol
    entry.setDSOLocal(true);
    entry.setUnnamedAddr(GlobalValue::UnnamedAddr::None);
    entry.setComdat(nullptr);
    entry.setSection(marker.section);
    entry.setAlignment(Align(16));
    entry.removeFnAttr(Attribute::NoCfCheck);
    appendToCompilerUsed(module,
                         {&entry}); // link-time optimisation does not know that it is called
}

bool makeEntries(Module &module, Report &report)
{
    SmallVector<GlobalValue *, 8> usedList;
    collectUsedGlobalVariables(module, usedList, /*CompilerUsed=*/false);
    collectUsedGlobalVariables(module, usedList, /*CompilerUsed=*/true);

    std::vector<Marker> markers;
    bool good = true;
    for (GlobalVariable &variable : module.globals()) {
        if (!beginsWithMagic(variable, module.getDataLayout()))
            continue;
        bool used = is_contained(usedList, &variable);
        // What the crate's constant leaves behind when it is compiled itself: nobody's marker.
        if (!used &&
            module.getDataLayout().getTypeAllocSize(variable.getValueType()) == magic.size())
            continue;
        Marker marker{};
        std::string wrong = readMarker(variable, used, marker);
        if (wrong.empty()) {
            markers.push_back(marker);
            continue;
        }
        reportError(module, "marker " + variable.getName() + ": " + wrong);
        good = false;
    }
    if (!good || markers.empty())
        return good;

    // A rename would silently become NAME.1 when the name is taken, so look first.
    for (size_t i = 0; i < markers.size(); i++) {
        for (size_t j = 0; j < i; j++) {
            if (markers[i].name == markers[j].name)
                reportError(module, "two programs are called " + markers[i].name);
            else if (markers[i].trampoline == markers[j].trampoline)
                reportError(module, "programs " + markers[j].name + " and " + markers[i].name +
                                        " share one trampoline");
            else
                continue;
            good = false;
        }
        const GlobalValue *holder = module.getNamedValue(markers[i].name);
        if (holder && holder != markers[i].trampoline) {
            reportError(module, "the name of program " + markers[i].name +
                                    " is the name of another symbol of this crate");
            good = false;
        }
    }
    if (!good)
        return false;

    removeFromUsedLists(module, [&](Constant *used) {
        return any_of(markers, [&](const Marker &marker) {
            return used->stripPointerCasts() == marker.variable;
        });
    });
    for (Marker &marker : markers) {
        marker.variable->removeDeadConstantUsers(); // the lists' former initialisers
        if (!marker.variable->use_empty()) {
            reportError(module, "the marker of program " + marker.name + " is used by other code");
            good = false;
            continue;
        }
        eraseMarker(marker);
        if (!marker.trampoline->use_empty()) {
            reportError(module,
                        "the trampoline of program " + marker.name + " is used by other code");
            good = false;
            continue;
        }
        makeEntry(module, marker);
        report.entries.emplace_back(marker.name, marker.section);
    }
    return good;
}

} // namespace rexpass
