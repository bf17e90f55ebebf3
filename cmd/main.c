/* SPDX-License-Identifier: Apache-2.0 */
/* rexc's entry: takes out the options that mean the same everywhere, and hands over to the
 * subcommand. */
#include "base/crypto.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "cmd/command.h"
#include "cmd/table.h"

#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_help(void)
{
    printf("rexc %s: kernel extensions in safe Rust\n\n"
           "usage: rexc COMMAND [OPTIONS]\n"
           "       rexc [-c] FILE.rs... -o OUT [OPTIONS]      as a cross-compiler is called\n\n"
           "commands:\n",
           REXC_VERSION);
    for (const struct command *command = command_table; command->name; command++)
        printf("  %-9s %s\n", command->name, command->summary);
    printf("  %-9s %s\n", "help", "what a command does, its options, an example");
    printf("\neverywhere:\n"
           "  -v                    print each child command exactly as it is run\n"
           "  -###                  build, check, test, compile, doctor: print the child commands, "
           "run "
           "nothing\n"
           "  -q                    errors only\n"
           "  -j N                  at most N child processes at once\n"
           "  --message-format F    human (default) or json: a diagnostic a line\n"
           "  --color WHEN          auto (default), always, never\n"
           "  --version, --help\n\n"
           "exit status: 0 done; 1 the program or object is at fault; 2 wrong usage; 3 the machine "
           "lacks\n"
           "something (rexc doctor says what)\n\n"
           "start with: rexc new xdp myprog && rexc build myprog\n");
}

static void print_command_help(const struct command *command)
{
    printf("rexc %s: %s\n\nusage: rexc %s %s\n\n%s", command->name, command->summary, command->name,
           command->usage, command->help);
}

static const struct command *find_command(const char *name)
{
    for (const struct command *command = command_table; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

static int unknown_command(const struct command_options *options, const char *word)
{
    const char *names[64];
    size_t count = 0;
    for (const struct command *command = command_table; command->name && count < 62; command++)
        names[count++] = command->name;
    names[count++] = "help";
    names[count] = NULL;
    const char *near = command_nearest(word, names);
    char *advice = near ? must_format("did you mean `rexc %s`?", near)
                        : must_copy("`rexc --help` lists the commands");
    diag_error(options->diag, DIAG_USAGE, advice, "there is no command '%s'", word);
    free(advice);
    return 2;
}

/* Options of main itself, as they were found. */
struct globals {
    struct diag_options diag;
    struct command_options command;
    bool version, help;
};

/* The value of "--name value" or "--name=value" at argv[*i]; false when argv[*i] is another option.
 */
static bool long_value(const char *name, int argc, char **argv, int *i, const char **value)
{
    size_t length = strlen(name);
    if (strncmp(argv[*i], name, length) != 0)
        return false;
    if (argv[*i][length] == '=')
        *value = argv[*i] + length + 1;
    else if (argv[*i][length] != '\0')
        return false;
    else
        *value = *i + 1 < argc ? argv[++*i] : "";
    return true;
}

/* Takes the global options out of argv (up to "--"). Returns the new argc, or -1 with *problem set.
 */
static int take_globals(int argc, char **argv, struct globals *globals, char **problem)
{
    int kept = 1;
    for (int i = 1; i < argc; i++) {
        const char *value;
        if (strcmp(argv[i], "--") == 0) {
            while (i < argc)
                argv[kept++] = argv[i++];
            break;
        }
        if (strcmp(argv[i], "-v") == 0 || strcmp(argv[i], "--verbose") == 0) {
            globals->command.verbose = true;
        } else if (strcmp(argv[i], "-###") == 0) {
            globals->command.dry_run = globals->command.verbose = true;
        } else if (strcmp(argv[i], "-q") == 0 || strcmp(argv[i], "--quiet") == 0) {
            globals->command.quiet = globals->diag.quiet = true;
        } else if (strcmp(argv[i], "--version") == 0) {
            globals->version = true;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            globals->help = true;
        } else if (strcmp(argv[i], "--offline") == 0) {
            continue; /* the only mode there is; accepted because cargo users type it */
        } else if (long_value("--message-format", argc, argv, &i, &value)) {
            if (strcmp(value, "json") != 0 && strcmp(value, "human") != 0) {
                *problem = must_format("--message-format takes human or json, not '%s'", value);
                return -1;
            }
            globals->diag.format = strcmp(value, "json") == 0 ? DIAG_JSON : DIAG_HUMAN;
        } else if (long_value("--color", argc, argv, &i, &value)) {
            static const char *const names[] = {"auto", "always", "never"};
            int which = 0;
            while (which < 3 && strcmp(value, names[which]) != 0)
                which++;
            if (which == 3) {
                *problem = must_format("--color takes auto, always or never, not '%s'", value);
                return -1;
            }
            globals->diag.color = (enum diag_color)which;
        } else if (strncmp(argv[i], "-j", 2) == 0) {
            const char *number = argv[i][2] ? argv[i] + 2 : i + 1 < argc ? argv[++i] : "";
            char *end;
            unsigned long jobs = strtoul(number, &end, 10);
            if (!isdigit((unsigned char)number[0]) || *end || jobs == 0 || jobs > 4096) {
                *problem = must_format("-j takes a number from 1 to 4096, not '%s'", number);
                return -1;
            }
            globals->command.jobs = (unsigned)jobs;
        } else {
            argv[kept++] = argv[i];
        }
    }
    argv[kept] = NULL;
    return kept;
}

/* `rexc help [COMMAND]`, `rexc COMMAND --help`, `rexc --help`. */
static int help(const struct command_options *options, const char *name)
{
    if (!name) {
        print_help();
        return 0;
    }
    const struct command *command = find_command(name);
    if (!command)
        return unknown_command(options, name);
    print_command_help(command);
    return 0;
}

/* A first word that ends in .rs, or an option, is a compiler's command line. */
static bool looks_like_compiler(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t length = strlen(argv[i]);
        if (length > 3 && strcmp(argv[i] + length - 3, ".rs") == 0)
            return true;
    }
    return argv[1][0] == '-';
}

static int dispatch(int argc, char **argv, const struct globals *globals)
{
    const struct command_options *options = &globals->command;
    if (globals->version) {
        printf("rexc %s\n", REXC_VERSION);
        return 0;
    }
    if (argc >= 2 && strcmp(argv[1], "help") == 0)
        return help(options, argc >= 3 ? argv[2] : NULL);
    const struct command *command = argc >= 2 ? find_command(argv[1]) : NULL;
    if (globals->help)
        return help(options, argc >= 2 && (command || argv[1][0] != '-') ? argv[1] : NULL);
    if (argc < 2) {
        diag_error(options->diag, DIAG_USAGE, "`rexc --help` lists the commands",
                   "no command was given");
        return 2;
    }
    if (!command && looks_like_compiler(argc, argv))
        return command_compile(argc, argv, options);
    if (!command)
        return unknown_command(options, argv[1]);
    if (options->dry_run && !command->has_children)
        return command_usage_error(options, command->name,
                                   "-### prints the commands of build, check, test, compile and "
                                   "doctor; %s runs none",
                                   command->name);
    optind = 1;
    opterr = 0; /* subcommands report through struct diag */
    return command->run(argc - 1, argv + 1, options);
}

/* Or the first file that is opened would be taken for a stream that the caller closed. Using such a
 * stream stays an error: it is opened for the other direction. */
static int hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return -1;
    return 0;
}

/* A build changes its directory: what the caller says is meant where the caller is. */
static int hold_cache_directory(void)
{
    const char *cache = getenv("REXC_CACHE_DIR");
    if (!cache || cache[0] == '\0' || cache[0] == '/')
        return 0;
    char *here = getcwd(NULL, 0);
    char *absolute = here ? path_join(here, cache) : NULL;
    int result = absolute ? setenv("REXC_CACHE_DIR", absolute, 1) : -1;
    free(absolute);
    free(here);
    return result;
}

int main(int argc, char **argv)
{
    struct globals globals = {0};
    char *problem = NULL;
    if (argc < 1 || hold_standard_streams())
        return 2;
    if (hold_cache_directory()) {
        fprintf(stderr,
                "error[REX0003]: REXC_CACHE_DIR is relative, and what to is not known: %s\n",
                strerror(errno));
        return 1;
    }
    /* A file over the limit of its size is an error of the one who writes it, said and tidied up.
     */
    signal(SIGXFSZ, SIG_IGN);
    globals.command.program = argv[0];
    crypto_settle();
    libbpf_set_print(NULL); /* what it finds is said in our words */
    int kept = take_globals(argc, argv, &globals, &problem);
    globals.command.diag = diag_new(&globals.diag);
    int status = 2;
    if (kept < 0) {
        diag_error(globals.command.diag, DIAG_USAGE, "`rexc --help` shows the options", "%s",
                   problem);
        free(problem);
    } else {
        status = dispatch(kept, argv, &globals);
    }
    /* A result that did not reach its reader is a failure (a full disk, a closed pipe). */
    if (fflush(stdout) || ferror(stdout)) {
        diag_error(globals.command.diag, DIAG_CANNOT_WRITE, NULL,
                   "cannot write to standard output");
        if (status == 0)
            status = diag_exit_status(globals.command.diag);
    }
    diag_free(globals.command.diag);
    return status;
}
