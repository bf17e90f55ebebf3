/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernels the module fits, by release, machine and configuration. */
#include "runtime/loader/fitness.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static const char good[] = "# Linux/x86 6.1.0 Kernel Configuration\n"
                           "CONFIG_X86_64=y\nCONFIG_BPF_SYSCALL=y\nCONFIG_BPF_JIT=y\n"
                           "CONFIG_DEBUG_INFO_BTF=y\nCONFIG_KPROBES=y\nCONFIG_KALLSYMS_ALL=y\n"
                           "CONFIG_SYSTEM_DATA_VERIFICATION=y\nCONFIG_STRICT_MODULE_RWX=y\n"
                           "CONFIG_PREEMPT_COUNT=y\nCONFIG_HIGH_RES_TIMERS=y\n"
                           "# CONFIG_PREEMPT_RT is not set\nCONFIG_BPF_JIT_ALWAYS_ON=n\n";

static void judge(const char *release, const char *machine, const char *config, bool fits,
                  const char *problem)
{
    struct fitness fitness;

    fitness_judge(&fitness, release, machine, config);
    assert_int_equal(fitness.fits, fits);
    assert_string_equal(fitness.release, release);
    if (problem)
        assert_non_null(strstr(fitness.problem, problem));
    else
        assert_null(fitness.problem);
    fitness_free(&fitness);
}

static void test_releases(void **state)
{
    (void)state;
    judge("6.1.0-56-cloud-amd64", "x86_64", good, true, NULL);
    judge("6.12.117+deb12-cloud-amd64", "x86_64", good, true, NULL);
    judge("6.12-rc1", "x86_64", good, true, NULL);
    judge("6.10.3", "x86_64", good, false, "6.1 and 6.12");
    judge("6.13.0", "x86_64", good, false, "6.1 and 6.12");
    judge("16.1.0", "x86_64", good, false, "6.1 and 6.12");
    judge("6.1", "x86_64", good, false, "6.1 and 6.12");
    judge("", "x86_64", good, false, "6.1 and 6.12");
    judge("6.1.0", "aarch64", good, false, "for aarch64");
}

static void test_configuration(void **state)
{
    char config[sizeof(good) + 64];

    (void)state;
    judge("6.1.0", "x86_64", NULL, true, "/boot/config-6.1.0");
    judge("6.1.0", "x86_64", "", false, "CONFIG_X86_64 is not set");
    strcpy(config, good);
    strstr(config, "CONFIG_KPROBES=y")[strlen("CONFIG_KPROBES=")] = 'n';
    judge("6.1.0", "x86_64", config, false, "CONFIG_KPROBES is not set: how functions");
    strcpy(config, good);
    strcat(config, "CONFIG_PREEMPT_RT=y\n");
    judge("6.1.0", "x86_64", config, false, "CONFIG_PREEMPT_RT is set: locks of maps would sleep");
}

static void test_running_kernel(void **state)
{
    struct fitness fitness;

    (void)state;
    fitness_find(&fitness);
    assert_true(strlen(fitness.release) > 0);
    assert_true(fitness.fits || fitness.problem);
    fitness_free(&fitness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_releases),
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_running_kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
