/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/pcap_part.h"

#include "base/diag.h"
#include "runtime/pcap/functions.h"

#include <dlfcn.h>

const struct pcap_functions *pcap_part_load(struct diag *diag, const char *path)
{
    /* RTLD_NOW: a libpcap without one of the functions is an error here, not in the middle of a
     * capture. */
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct pcap_functions *libpcap = library ? dlsym(library, "rexc_libpcap") : NULL;

    if (!libpcap) {
        const char *reason = dlerror();
        diag_error(diag, DIAG_INSTALLATION_DAMAGED,
                   "install libpcap (Debian: libpcap0.8), or the whole of rexc again (`cmake "
                   "--install` or the package)",
                   "'%s' belongs to rexc and cannot be loaded: %s", path,
                   reason ? reason : "no reason is given");
        if (library)
            dlclose(library);
    }
    return libpcap;
}
