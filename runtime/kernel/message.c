// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>

#include "runtime/kernel/message.h"

int rex_refuse(struct rex_message *message, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vscnprintf(message->text, sizeof(message->text), format, arguments);
	va_end(arguments);
	return error;
}
