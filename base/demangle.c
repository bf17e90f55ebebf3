/* SPDX-License-Identifier: Apache-2.0 */
#include "base/demangle.h"

#include <libiberty/demangle.h>
#include <string.h>

char *demangle(const char *symbol)
{
    /* Without DMGL_VERBOSE libiberty leaves the crate disambiguators ("core[1a2b...]") out. */
    char *name = rust_demangle(symbol, DMGL_NO_OPTS);
    return name ? name : strdup(symbol);
}
