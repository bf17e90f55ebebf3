/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program in which functions may call themselves, directly or around, has no bound that a reader
 * of its code could find. Then the analysis names the functions that cut every circle, they are
 * compiled again with a check at their entry, and linked with a core whose own circles are cut;
 * what each check has to demand is known when that is linked, and set by the last link.
 */
#ifndef REXC_DRIVER_CHECKS_H
#define REXC_DRIVER_CHECKS_H

struct pipeline;

/* Stage "analyse" and, when there is a circle, all of the second round: pipeline->stack, final, for
 * pipeline->image. */
int checks_analyse(struct pipeline *pipeline);

#endif
