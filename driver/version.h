/* SPDX-License-Identifier: Apache-2.0 */
/* Semantic versions (semver.org 2.0) and the requirements that Cargo writes about them. */
#ifndef REXC_DRIVER_VERSION_H
#define REXC_DRIVER_VERSION_H

enum version_match {
    VERSION_MATCHES,
    VERSION_DIFFERS,
    VERSION_MALFORMED, /* the requirement or the version does not follow the grammar */
};

/*
 * Does version ("1.2.3-rc.1+build") meet requirement ("^1.2, <1.5", "~1.2.3", "=1.0.0", "1.*",
 * "*")? The rules are Cargo's (Cargo book, "Specifying Dependencies"): no operator means ^, and a
 * pre-release only matches a comparator that names a pre-release of the same major.minor.patch.
 */
enum version_match version_match(const char *requirement, const char *version);

/* Precedence of two versions (semver 2.0, rule 11): below, 0 or above zero. A malformed one comes
 * first. */
int version_order(const char *a, const char *b);

#endif
