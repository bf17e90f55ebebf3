// SPDX-License-Identifier: GPL-2.0-only
#include <linux/string.h>

#include "runtime/kernel/ksym.h"

void rex_demangle(const char *symbol, char *name, size_t size)
{
	strscpy(name, symbol, size);
}
