/* SPDX-License-Identifier: Apache-2.0 */
/* clocked COMMAND...: runs it, without what it says, and prints how many nanoseconds it took; with
 * QEMU's -icount, instructions. */
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec begin, end;
    int status;

    if (argc < 2 || clock_gettime(CLOCK_MONOTONIC, &begin) != 0)
        return 2;
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(126);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child ||
        clock_gettime(CLOCK_MONOTONIC, &end) != 0)
        return 2;
    printf("%lld\n", (end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
