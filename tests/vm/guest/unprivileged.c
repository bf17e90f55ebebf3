// SPDX-License-Identifier: Apache-2.0
/* unprivileged COMMAND...: runs it without capabilities, whoever calls. */
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    /* An error ends the loop: there are no more. What is not in the bounding set is not regained by
     * executing a program. */
    for (int capability = 0; prctl(PR_CAPBSET_DROP, capability) == 0; capability++)
        ;
    if (argc > 1)
        execvp(argv[1], argv + 1);
    perror("unprivileged");
    return 127;
}
