/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loader/log.h"
#include "base/diag.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void log_take(void *data, enum rex_log_level level, const char *message)
{
    struct log *log = data;

    if (level != REX_LOG_ERROR || log->length > 0)
        return;
    snprintf(log->text, sizeof(log->text), "%s", message);
    log->length = strlen(log->text);
}

int log_report(struct diag *diag, const struct log *log, int error, const char *what)
{
    enum diag_code code = DIAG_LOAD_REFUSED;
    const char *help = "`rexc verify` says what is wrong with an object";

    switch (error) {
    case ENODEV:
    case EPROTO:
        code = DIAG_LOAD_MODULE;
        help = "`rexc doctor` says whether this kernel can take the module";
        break;
    case EPERM:
    case EACCES:
        code = DIAG_LOAD_PERMISSION;
        help = "run it as root";
        break;
    case ENOKEY:
        help = "`rexc trust CERT` makes the signer's certificate known to the kernel";
        break;
    case ENOMEM:
        code = DIAG_OUT_OF_MEMORY;
        help = NULL;
        break;
    case ENOENT:
        help = NULL;
        break;
    default:
        break;
    }
    if (log->length > 0)
        return diag_error(diag, code, help, "%s", log->text);
    return diag_error(diag, code, help, "%s: %s", what, strerror(error));
}
