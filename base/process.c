/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"
#include "base/diag.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int process_quote(struct buffer *buffer, const char *const *arguments)
{
    for (size_t i = 0; arguments[i]; i++) {
        const char *argument = arguments[i];
        if (i > 0)
            buffer_char(buffer, ' ');
        size_t plain =
            strspn(argument, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "_-+=./:,@%^");
        if (*argument && !argument[plain]) {
            buffer_string(buffer, argument);
            continue;
        }
        buffer_char(buffer, '\'');
        for (const char *c = argument; *c; c++) {
            if (*c == '\'')
                buffer_string(buffer, "'\\''");
            else
                buffer_char(buffer, *c);
        }
        buffer_char(buffer, '\'');
    }
    return buffer->failed ? -1 : 0;
}

static void close_if_open(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* The command as a person can paste it: `env -i` because the child gets exactly this environment.
 */
void process_print(const struct process *process)
{
    struct buffer line = {0};
    if (process->directory) {
        const char *const change[] = {"cd", process->directory, NULL};
        process_quote(&line, change);
        buffer_string(&line, " && ");
    }
    buffer_string(&line, "env -i ");
    if (process->environment && process->environment[0]) {
        process_quote(&line, process->environment);
        buffer_char(&line, ' ');
    }
    process_quote(&line, process->arguments);
    if (line.data)
        fprintf(stderr, "%s\n", line.data);
    buffer_free(&line);
}

/* The descriptors of a child on both sides; what is closed is -1. */
struct pipes {
    int in[2], out[2], err[2];
    int failure[2]; /* the child writes errno to it when it cannot become the command */
};

static void close_pipes(struct pipes *pipes)
{
    int *const all[] = {pipes->in, pipes->out, pipes->err, pipes->failure};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        close_if_open(&all[i][0]);
        close_if_open(&all[i][1]);
    }
}

/* In the child, where only what is async-signal-safe may be called: becomes the command, or says
 * through the pipe why not. */
_Noreturn static void become(const struct process *process, const struct pipes *pipes, pid_t parent)
{
    static const char *const no_environment[] = {NULL};
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;
    int error, in;

    /* A compiler whose build was killed would go on writing into a directory that the next build
     * has cleaned. The parent may have died before this. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
        _exit(127);
    /* The tool may ignore or block signals; the child starts with neither. */
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &action, NULL); /* of SIGKILL and SIGSTOP it fails */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    in = process->input ? pipes->in[0] : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (in >= 0 && dup2(in, 0) >= 0 && dup2(pipes->out[1], 1) >= 0 && dup2(pipes->err[1], 2) >= 0 &&
        (!process->directory || chdir(process->directory) == 0)) {
        const char *const *environment =
            process->environment ? process->environment : no_environment;
        execve(process->arguments[0], (char *const *)(uintptr_t)process->arguments,
               (char *const *)(uintptr_t)environment);
    }
    error = errno;
    if (write(pipes->failure[1], &error, sizeof(error)) < 0)
        _exit(126);
    _exit(127);
}

/* What kept the child from becoming the command: an errno, or 0. */
static int wait_for_exec(struct process *process, struct pipes *pipes)
{
    int error = 0;
    ssize_t count;
    close_if_open(&pipes->failure[1]);
    do
        count = read(pipes->failure[0], &error, sizeof(error));
    while (count < 0 && errno == EINTR);
    if (count == 0)
        return 0; /* closed by execve */
    if (count != sizeof(error))
        error = EIO;
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return error;
}

int process_start(struct diag *diag, struct process *process)
{
    struct pipes pipes = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    int result = -1, error;
    pid_t parent = getpid();

    process->pid = -1;
    process->in_fd = process->out_fd = process->err_fd = -1;
    process->exit_status = process->signal = 0;
    process->input_written = 0;
    if (process->verbose)
        process_print(process);

    if (pipe2(pipes.out, O_CLOEXEC) || pipe2(pipes.err, O_CLOEXEC) ||
        pipe2(pipes.failure, O_CLOEXEC) || (process->input && pipe2(pipes.in, O_CLOEXEC))) {
        diag_error(diag, DIAG_CANNOT_RUN, NULL, "cannot run '%s': pipe: %s", process->arguments[0],
                   strerror(errno));
        goto done;
    }
    process->pid = fork();
    if (process->pid == 0)
        become(process, &pipes, parent);
    error = process->pid < 0 ? errno : wait_for_exec(process, &pipes);
    if (error) {
        process->pid = -1;
        diag_error(diag, DIAG_CANNOT_RUN, "run `rexc doctor` to see which tools are missing",
                   "cannot run '%s': %s", process->arguments[0], strerror(error));
        goto done;
    }
    process->out_fd = pipes.out[0];
    process->err_fd = pipes.err[0];
    pipes.out[0] = pipes.err[0] = -1;
    if (process->input) {
        process->in_fd = pipes.in[1];
        pipes.in[1] = -1;
        fcntl(process->in_fd, F_SETFL, O_NONBLOCK);
    }
    result = 0;
done:
    close_pipes(&pipes);
    return result;
}

/* Moves what is there from fd to the buffer; closes the descriptor at its end. */
static void drain(int *fd, struct buffer *buffer)
{
    char chunk[65536];
    ssize_t count = read(*fd, chunk, sizeof(chunk));
    if (count > 0)
        buffer_append(buffer, chunk, (size_t)count);
    else if (count == 0 || errno != EINTR)
        close_if_open(fd);
}

static void feed(struct process *process)
{
    size_t left = process->input_length - process->input_written;
    ssize_t count = left ? write(process->in_fd, process->input + process->input_written, left) : 0;
    if (count > 0)
        process->input_written += (size_t)count;
    /* EPIPE: the child does not want the rest. */
    if (process->input_written == process->input_length ||
        (count < 0 && errno != EINTR && errno != EAGAIN))
        close_if_open(&process->in_fd);
}

static void reap(struct process *process)
{
    int status = 0;
    struct rusage usage;
    pid_t pid;
    do
        pid = wait4(process->pid, &status, 0, &usage);
    while (pid < 0 && errno == EINTR);
    process->pid = -1;
    if (pid < 0)
        process->signal = SIGKILL; /* cannot happen: nobody else waits for our child */
    else if (WIFSIGNALED(status))
        process->signal = WTERMSIG(status);
    else
        process->exit_status = WEXITSTATUS(status);
    process->max_rss_kib = pid < 0 ? 0 : usage.ru_maxrss;
}

int process_wait_ticking(struct diag *diag, struct process *const *processes, size_t count,
                         int interval_ms, void (*tick)(void *data), void *data)
{
    struct pollfd *polled = must_alloc(count * 3, sizeof(*polled));
    int **open_fds = must_alloc(count * 3, sizeof(*open_fds));
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    int result = 0;

    sigaction(SIGPIPE, &ignore, &before); /* a child may close its stdin early */
    for (;;) {
        nfds_t used = 0;
        for (size_t i = 0; i < count; i++) {
            struct process *process = processes[i];
            int *fds[] = {&process->out_fd, &process->err_fd, &process->in_fd};
            for (size_t j = 0; j < 3; j++) {
                if (*fds[j] < 0)
                    continue;
                polled[used] = (struct pollfd){.fd = *fds[j], .events = j == 2 ? POLLOUT : POLLIN};
                open_fds[used++] = fds[j];
            }
        }
        if (used == 0)
            break;
        int ready = poll(polled, used, tick ? interval_ms : -1);
        if (tick)
            tick(data);
        if (ready <= 0)
            continue; /* a tick, or EINTR */
        for (nfds_t k = 0; k < used; k++) {
            if (!polled[k].revents)
                continue;
            for (size_t i = 0; i < count; i++) {
                if (open_fds[k] == &processes[i]->out_fd)
                    drain(open_fds[k], &processes[i]->out);
                else if (open_fds[k] == &processes[i]->err_fd)
                    drain(open_fds[k], &processes[i]->err);
                else if (open_fds[k] == &processes[i]->in_fd)
                    feed(processes[i]);
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct process *process = processes[i];
        if (process->pid < 0)
            continue;
        reap(process);
        if (process->signal) {
            diag_forward(diag, process->arguments[0], process->err.data ? process->err.data : "",
                         process->err.length);
            result = diag_error(diag, DIAG_CHILD_KILLED,
                                "its output, if any, is above; -v shows the command",
                                "'%s' was killed by signal %d (%s)", process->arguments[0],
                                process->signal, strsignal(process->signal));
        }
        if (process->out.failed || process->err.failed)
            result = diag_error(diag, DIAG_OUT_OF_MEMORY, NULL,
                                "out of memory for the output of '%s'", process->arguments[0]);
    }
    sigaction(SIGPIPE, &before, NULL);
    free(open_fds);
    free(polled);
    return result;
}

int process_wait_all(struct diag *diag, struct process *const *processes, size_t count)
{
    return process_wait_ticking(diag, processes, count, -1, NULL, NULL);
}

int process_run(struct diag *diag, struct process *process)
{
    if (process_start(diag, process))
        return -1;
    return process_wait_all(diag, &process, 1);
}

void process_free(struct process *process)
{
    /* One that was never started has descriptors of zero, which are not its own. */
    if (process->pid != 0) {
        close_if_open(&process->in_fd);
        close_if_open(&process->out_fd);
        close_if_open(&process->err_fd);
    }
    buffer_free(&process->out);
    buffer_free(&process->err);
}
