/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loader/fitness.h"
#include "base/memory.h"
#include "runtime/abi/rex_ioctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const struct {
    unsigned version, patchlevel;
} kernels[] = {
#define REX_KERNEL(version, patchlevel) {version, patchlevel},
#define REX_NEEDS(option, what)
#define REX_CONFLICT(option, why)
#include "runtime/abi/rex_kernels.def"
};

static const struct {
    const char *option, *reason;
    bool wanted;
} options[] = {
#define REX_KERNEL(version, patchlevel)
#define REX_NEEDS(option, what) {"CONFIG_" #option, what, true},
#define REX_CONFLICT(option, why) {"CONFIG_" #option, why, false},
#include "runtime/abi/rex_kernels.def"
};

static bool is_known(const char *release)
{
    unsigned version, patchlevel;
    char end;

    if (sscanf(release, "%u.%u%c", &version, &patchlevel, &end) != 3 || (end != '.' && end != '-'))
        return false;
    for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
        if (kernels[i].version == version && kernels[i].patchlevel == patchlevel)
            return true;
    return false;
}

/* Whether a configuration has the line OPTION=y. */
static bool is_set(const char *config, const char *option)
{
    size_t length = strlen(option);

    for (const char *at = config; (at = strstr(at, option)); at += length)
        if ((at == config || at[-1] == '\n') && strncmp(at + length, "=y", 2) == 0)
            return true;
    return false;
}

void fitness_judge(struct fitness *fitness, const char *release, const char *machine,
                   const char *config)
{
    *fitness = (struct fitness){.fits = true, .release = must_copy(release)};
    if (strcmp(machine, "x86_64") != 0) {
        fitness->fits = false;
        fitness->problem = must_format("it is for %s; the module is for x86_64", machine);
    } else if (!is_known(release)) {
        fitness->fits = false;
        fitness->problem = must_copy("the module is for Linux 6.1 and 6.12");
    } else if (!config) {
        fitness->problem = must_format("its configuration is not in /boot/config-%s, so that was "
                                       "not looked at; the module looks when it is loaded",
                                       release);
    }
    for (size_t i = 0; fitness->fits && config && i < sizeof(options) / sizeof(options[0]); i++) {
        if (is_set(config, options[i].option) == options[i].wanted)
            continue;
        fitness->fits = false;
        fitness->problem = must_format("%s is %s: %s", options[i].option,
                                       options[i].wanted ? "not set" : "set", options[i].reason);
    }
}

static char *read_config(const char *release)
{
    char *path = must_format("/boot/config-%s", release);
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    free(path);
    if (!file)
        return NULL;
    /* A configuration has no zero byte: this is all of it. */
    if (getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

void fitness_find(struct fitness *fitness)
{
    struct utsname name;

    if (uname(&name) < 0)
        memset(&name, 0, sizeof(name));
    char *config = read_config(name.release);
    fitness_judge(fitness, name.release, name.machine, config);
    free(config);
    fitness->loaded = access(REX_DEVICE, F_OK) == 0;
}

void fitness_free(struct fitness *fitness)
{
    free(fitness->release);
    free(fitness->problem);
    *fitness = (struct fitness){0};
}
