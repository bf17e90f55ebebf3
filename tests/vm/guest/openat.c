// SPDX-License-Identifier: Apache-2.0
/* openat FILE: one getpid(), and creates FILE with one openat() of known arguments. */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    syscall(SYS_getpid);
    return syscall(SYS_openat, (long)AT_FDCWD, argv[1], O_WRONLY | O_CREAT, 0640) < 0;
}
