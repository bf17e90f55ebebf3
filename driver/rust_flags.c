/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/rust_flags.h"

const struct rust_flag rust_flags[] = {
    {"--target=x86_64-unknown-none",
     "no operating system; soft-float, so no SSE register is touched"},
    {"-Cpanic=abort", "a panic unwinds nothing: the runtime ends the run"},
    {"-Ccodegen-units=1",
     "one module: the pass sees the whole crate, and the bytes are reproducible"},
    {"-Crelocation-model=pic",
     "objects are position-independent; kernel symbols go through the GOT"},
    {"-Cembed-bitcode=no", "there is no LTO"},
    {"-Cforce-frame-pointers=yes", "the kernel's unwinder falls back to frame pointers"},
    {"-Cno-redzone=yes", "interrupts use the stack right below rsp"},
    {"-Cjump-tables=no", "a table jump is an indirect branch without a kcfi check"},
    {"-Csymbol-mangling-version=v0", "names that can be demangled in full"},
    {"-Zsanitizer=kcfi", "each indirect call proves its callees in the bytes"},
    {"-Zretpoline-external-thunk", "indirect branches stand in one thunk that loaders rewrite"},
    {"-Zfunction-return=thunk-extern", "returns too"},
    {"-Zplt=yes", "without it a cross-crate call becomes an indirect one"},
    {"-Zcf-protection=branch", "endbr64 at entries, for kernels with IBT"},
    {"-Zfunction-sections=yes", "the linker drops what no program reaches"},
    {"-Zemit-stack-sizes=yes", "the analysis compares its frames with the compiler's"},
    {"-Zmerge-functions=disabled", "two programs never share an entry"},
    {"-Cllvm-args=-no-stack-coloring",
     "LLVM takes addresses of two locals for different, even of dead ones: so they are "
     "(rust-lang/rust issue 107975)"},
    {"-Zmutable-noalias=no", "maps hand out &mut to memory that others write too"},
    {NULL, NULL},
};

void rust_flags_add(struct strings *arguments)
{
    for (const struct rust_flag *flag = rust_flags; flag->flag; flag++)
        strings_add(arguments, flag->flag);
}
