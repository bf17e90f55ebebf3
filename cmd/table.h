/* SPDX-License-Identifier: Apache-2.0 */
/* The table of subcommands, in the order in which help shows them; ends with a NULL name. */
#ifndef REXC_CMD_TABLE_H
#define REXC_CMD_TABLE_H

#include "cmd/command.h"

extern const struct command command_table[];

#endif
