/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/compile.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "base/file.h"
#include "driver/rust_flags.h"
#include "lint/clippy.h"
#include "runtime/abi/rex_text.h"

#include <stdlib.h>
#include <string.h>

static void add_features(const struct compile_request *request, struct strings *arguments)
{
    struct buffer known = {0};
    for (size_t i = 0; request->features && i < request->features->count; i++)
        strings_format(arguments, "--cfg=feature=\"%s\"", request->features->items[i]);
    for (size_t i = 0; request->known_features && i < request->known_features->count; i++)
        buffer_format(&known, "%s\"%s\"", i ? "," : "", request->known_features->items[i]);
    /* As Cargo does: a misspelt feature in #[cfg] is a warning. */
    strings_format(arguments, "--check-cfg=cfg(feature,values(%s))", known.data ? known.data : "");
    strings_add(arguments, "--check-cfg=cfg(docsrs,test)");
    buffer_free(&known);
}

void compile_shared_arguments(const struct compile_request *request, struct strings *arguments)
{
    const struct sysroot *sysroot = request->sysroot;
    char identity[HASH_HEX_SIZE];

    strings_format(arguments, "--crate-name=%s", request->name);
    strings_format(arguments, "--crate-type=%s", request->program ? "bin" : "rlib");
    strings_format(arguments, "--edition=%s", request->edition);
    rust_flags_add(arguments);
    lint_compile_arguments(arguments);
    add_features(request, arguments);
    hash_bytes(request->identity, strlen(request->identity), identity);
    strings_format(arguments, "-Cmetadata=%.16s", identity);
    strings_format(arguments, "--sysroot=%s", sysroot->empty);
    strings_format(arguments, "-L%s", sysroot->library);
    strings_format(arguments, "-L%s", sysroot->host);
    for (size_t i = 0; request->search && i < request->search->count; i++)
        strings_format(arguments, "-Ldependency=%s", request->search->items[i]);
    for (size_t i = 0; request->externs && i < request->externs->count; i++)
        strings_format(arguments, "--extern=%s", request->externs->items[i]);
    /* Objects hold no path of this machine; messages show the real ones. */
    for (size_t i = 0; request->remaps && i < request->remaps->count; i++)
        strings_format(arguments, "--remap-path-prefix=%s", request->remaps->items[i]);
    strings_add(arguments, "--remap-path-scope=macro,debuginfo,coverage,object");
    strings_add(arguments, request->source);
}

void compile_arguments(const struct compile_request *request, const char *output,
                       const char *depfile, struct strings *arguments)
{
    strings_add(arguments, request->toolchain->tools[TOOL_RUSTC].path);
    compile_shared_arguments(request, arguments);
    strings_format(arguments, "-Copt-level=%s", request->optimisation);
    if (request->debug)
        strings_add(arguments, "-Cdebuginfo=2");
    strings_format(arguments, "-Zllvm-plugins=%s", request->toolchain->tools[TOOL_PASS].path);
    strings_add(arguments, "--error-format=json");
    /* Or object files on their way into an rlib, and the directory for their metadata, would lie
     * in the working directory for a moment: it may be the author's, and read-only. */
    char *temporary = path_dirname(output);
    strings_format(arguments, "-Ztemps-dir=%s", temporary);
    strings_format(arguments, "--out-dir=%s", temporary);
    free(temporary);
    strings_format(arguments, "--emit=%s=%s,dep-info=%s", request->program ? "obj" : "link", output,
                   depfile);
}

char *compile_remapped(const struct strings *remaps, const char *path)
{
    /* The last one that fits wins, as with rustc; a prefix is one of whole components. */
    for (size_t i = remaps->count; i-- > 0;) {
        const char *from = remaps->items[i];
        const char *to = strrchr(from, '=') + 1;
        size_t length = (size_t)(to - from) - 1;
        if (strncmp(path, from, length) != 0 || (path[length] != '/' && path[length] != '\0'))
            continue;
        const char *rest = path + length + (path[length] == '/');
        return *to ? path_join(to, rest) : must_copy(rest);
    }
    return must_copy(path);
}

int compile_check_path(struct diag *diag, const char *path)
{
    const unsigned char *text = (const unsigned char *)path;
    while (*text) {
        unsigned length = rex_text_character_length(text);
        if (length == 0)
            return diag_error(diag, DIAG_NOT_UTF8, "rename the directory or file",
                              "the path '%s' is not UTF-8 or has a control character", path);
        text += length;
    }
    return 0;
}

int compile_check_build_path(struct diag *diag, const char *path)
{
    if (strchr(path, ','))
        return diag_error(diag, DIAG_NOT_UTF8,
                          "rename the directory, or make target/ a symbolic link to another place",
                          "the path '%s' has a comma, at which rustc divides the list of what it "
                          "writes",
                          path);
    return compile_check_path(diag, path);
}
