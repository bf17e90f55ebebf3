/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/expansion.h"
#include "base/diag.h"
#include "lint/scan.h"

#include <string.h>

void expansion_command(const char *rustc, const struct strings *arguments, bool verbose,
                       struct expansion_run *run)
{
    *run = (struct expansion_run){0};
    strings_add(&run->arguments, rustc);
    strings_add_all(&run->arguments, arguments);
    strings_add(&run->arguments, "-Zunpretty=expanded");
    strings_add(&run->environment, "RUSTC_BOOTSTRAP=1");
    run->process.arguments = (const char *const *)run->arguments.items;
    run->process.environment = (const char *const *)run->environment.items;
    run->process.verbose = verbose;
}

int expansion_result(struct diag *diag, struct expansion_run *run, const char *crate, int edition,
                     struct scan *scan)
{
    struct process *process = &run->process;
    if (process->signal || process->exit_status != 0) {
        if (process->err.length > 0)
            diag_forward(diag, "rustc", process->err.data, process->err.length);
        return diag_error(diag, DIAG_LINT_FAILED, NULL, "the macros of crate %s cannot be expanded",
                          crate);
    }
    size_t size = process->out.length;
    char *text = buffer_take(&process->out);
    if (!text)
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the source of crate %s",
                          crate);
    return scan_add_expansion(scan, diag, crate, text, size, edition);
}

void expansion_run_free(struct expansion_run *run)
{
    process_free(&run->process);
    strings_free(&run->arguments);
    strings_free(&run->environment);
}
