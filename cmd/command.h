/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every subcommand gets, and the shape of one. A subcommand parses its own options with
 * getopt_long (argv[0] is its name), does its work through driver/, linker/ and runtime/, prints
 * its result on stdout, and returns the exit status: 0 done; 1 the program or object is at fault; 2
 * wrong usage; 3 the machine lacks something.
 */
#ifndef REXC_CMD_COMMAND_H
#define REXC_CMD_COMMAND_H

#include <getopt.h>
#include <stdbool.h>

struct diag;

/* The options that mean the same everywhere; main takes them out of argv wherever they stand. */
struct command_options {
    struct diag *diag;
    bool verbose;        /* -v: each child command, exactly as run, on stderr */
    bool dry_run;        /* -###: print the children's commands, run nothing */
    bool quiet;          /* -q */
    unsigned jobs;       /* -j N: at most so many children at once; 0: as many as there are CPUs */
    const char *program; /* argv[0] of rexc */
};

struct command {
    const char *name;
    const char *usage;   /* after "rexc NAME ", one line */
    const char *summary; /* one line for `rexc --help` */
    const char *help;    /* options and an example for `rexc help NAME` */
    int (*run)(int argc, char **argv, const struct command_options *options);
    bool has_children; /* there is something for -### to print */
};

/* Reports DIAG_USAGE for what getopt_long just refused ('?' or ':'), with the nearest option's name
 * as a suggestion when one is near; call it with the options that were given to getopt_long.
 * Returns 2. */
int command_bad_option(const struct command_options *options, const char *command, char **argv,
                       const struct option *known);
/* The same for an option of a command that does not read its options with getopt. Returns 2. */
int command_unknown_option(const struct command_options *options, const char *command,
                           const char *word, const char *const *known);
/* Reports DIAG_USAGE with text and the command to get help. Returns 2. */
int command_usage_error(const struct command_options *options, const char *command,
                        const char *format, ...) __attribute__((format(printf, 3, 4)));

/* An output may be none of the files that the command reads (up to a NULL), and no Rust source, as
 * modules are not on its command line. Returns 0, or 2 after a report. */
int command_check_output(const struct command_options *options, const char *command,
                         const char *output, const char *const *inputs);

/* The candidate nearest to word by edit distance when it is near enough to be meant; NULL
 * otherwise. */
const char *command_nearest(const char *word, const char *const *candidates);

int command_new(int argc, char **argv, const struct command_options *options);
int command_build(int argc, char **argv, const struct command_options *options);
int command_check(int argc, char **argv, const struct command_options *options);
int command_test(int argc, char **argv, const struct command_options *options);
int command_run(int argc, char **argv, const struct command_options *options);
int command_stack(int argc, char **argv, const struct command_options *options);
int command_inspect(int argc, char **argv, const struct command_options *options);
int command_verify(int argc, char **argv, const struct command_options *options);
int command_sign(int argc, char **argv, const struct command_options *options);
int command_keygen(int argc, char **argv, const struct command_options *options);
int command_load(int argc, char **argv, const struct command_options *options);
int command_unload(int argc, char **argv, const struct command_options *options);
int command_list(int argc, char **argv, const struct command_options *options);
int command_trust(int argc, char **argv, const struct command_options *options);
int command_bindgen(int argc, char **argv, const struct command_options *options);
int command_cache(int argc, char **argv, const struct command_options *options);
int command_doctor(int argc, char **argv, const struct command_options *options);
int command_explain(int argc, char **argv, const struct command_options *options);
/* As a cross-compiler is called: rexc [-c] FILE.rs... -o OUT. argv[0] is "rexc". */
int command_compile(int argc, char **argv, const struct command_options *options);

#endif
