// SPDX-License-Identifier: GPL-2.0-only
/*
 * The in-kernel runtime of Rex objects. docs/kernel-runtime.md says how it works, who owns what, and why it is
 * safe.
 */
#include <linux/kconfig.h>
#include <linux/module.h>
#include <linux/utsname.h>

#include "runtime/kernel/cleanup.h"
#include "runtime/kernel/compat.h"
#include "runtime/kernel/device.h"
#include "runtime/kernel/faults.h"
#include "runtime/kernel/keyring.h"
#include "runtime/kernel/object.h"
#include "runtime/kernel/report.h"
#include "runtime/kernel/returns.h"
#include "runtime/kernel/state.h"
#include "runtime/kernel/symbols.h"
#include "runtime/kernel/watchdog.h"

static const u32 supported[] = {
#define REX_KERNEL(version, patchlevel) KERNEL_VERSION(version, patchlevel, 0),
#define REX_NEEDS(option, what)
#define REX_CONFLICT(option, why)
#include "runtime/abi/rex_kernels.def"
};

static const struct {
	bool met;
	const char *what;
} needs[] = {
#define REX_KERNEL(version, patchlevel)
#define REX_NEEDS(option, what) {IS_ENABLED(CONFIG_##option), "CONFIG_" #option ": " what},
#define REX_CONFLICT(option, why) {!IS_ENABLED(CONFIG_##option), "no CONFIG_" #option ": " why},
#include "runtime/abi/rex_kernels.def"
};

static int __init check_kernel(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(supported); i++) {
		if (LINUX_VERSION_CODE >> 8 == supported[i] >> 8)
			break;
	}
	if (i == ARRAY_SIZE(supported)) {
		pr_err("kernel %s is not supported: only 6.1 and 6.12 are\n", utsname()->release);
		return -EOPNOTSUPP;
	}
	for (i = 0; i < ARRAY_SIZE(needs); i++) {
		if (!needs[i].met) {
			pr_err("kernel %s is not supported: it needs %s\n", utsname()->release, needs[i].what);
			return -EOPNOTSUPP;
		}
	}
	return 0;
}

/* In the order in which they need each other; taken down the other way round. */
static const struct {
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{rex_symbols_init, NULL},
	{rex_returns_init, NULL},
	{rex_keyring_init, rex_keyring_exit},
	{rex_reports_init, rex_reports_exit},
	{rex_tasks_init, rex_tasks_exit},
	{rex_watchdog_init, rex_watchdog_exit},
	{rex_cpus_init, rex_cpus_exit},
	{rex_faults_init, rex_faults_exit},
	{rex_objects_init, rex_objects_exit},
	{rex_device_init, rex_device_exit},
};

static void take_down(size_t count)
{
	while (count-- > 0) {
		if (parts[count].exit)
			parts[count].exit();
	}
}

static int __init rex_init(void)
{
	int error = check_kernel();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts) && !error; i++) {
		error = parts[i].init();
		if (error) {
			take_down(i);
			return error;
		}
	}
	return error;
}

static void __exit rex_exit(void)
{
	take_down(ARRAY_SIZE(parts));
}

module_init(rex_init);
module_exit(rex_exit);
MODULE_IMPORT_NS(BPF_INTERNAL); /* bpf_map_get() */
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Runs signed kernel extensions made by rexc");
