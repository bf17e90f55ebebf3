/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool armed, struck;
static unsigned long left;

void fault_arm(unsigned long n)
{
    left = n;
    struck = false;
    armed = true;
}

bool fault_disarm(void)
{
    armed = false;
    return struck;
}

static bool strikes(int error)
{
    if (!armed || struck || left-- > 0)
        return false;
    struck = true;
    errno = error;
    return true;
}

/* -- Allocations ------------------------------------------------------------------------------ */

#ifdef FAULT_INTERPOSE
/* The executable's malloc goes before libc's for every library. glibc's own stays reachable by
 * these names, which it exports for that purpose. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
#define REAL(function) __libc_##function
#define FAULTY(function) function
#else
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_reallocarray(void *block, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);
#define REAL(function) __real_##function
#define FAULTY(function) __wrap_##function

/* libc's own use of malloc is not wrapped. */
char *__wrap_strndup(const char *text, size_t length)
{
    return strikes(ENOMEM) ? NULL : __real_strndup(text, length);
}

char *__wrap_strdup(const char *text)
{
    return strikes(ENOMEM) ? NULL : __real_strdup(text);
}
#endif

void *FAULTY(malloc)(size_t size)
{
    return strikes(ENOMEM) ? NULL : REAL(malloc)(size);
}

void *FAULTY(calloc)(size_t count, size_t size)
{
    return strikes(ENOMEM) ? NULL : REAL(calloc)(count, size);
}

void *FAULTY(realloc)(void *block, size_t size)
{
    return strikes(ENOMEM) ? NULL : REAL(realloc)(block, size);
}

void *FAULTY(reallocarray)(void *block, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    return strikes(ENOMEM) ? NULL : REAL(realloc)(block, count * size);
}

/* -- System calls ----------------------------------------------------------------------------- */

int __real_fstat(int fd, struct stat *status);
ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __real_write(int fd, const void *bytes, size_t size);
int __real_fsync(int fd);
int __real_close(int fd);
int __real_rename(const char *from, const char *to);
int __real_open(const char *path, int flags, ...);
int __wrap_fstat(int fd, struct stat *status);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __wrap_fsync(int fd);
int __wrap_close(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_open(const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return strikes(EIO) ? -1 : __real_open(path, flags, mode);
}

int __wrap_fstat(int fd, struct stat *status)
{
    return strikes(EIO) ? -1 : __real_fstat(fd, status);
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    return strikes(EIO) ? -1 : __real_read(fd, bytes, size);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    return strikes(ENOSPC) ? -1 : __real_write(fd, bytes, size);
}

int __wrap_fsync(int fd)
{
    return strikes(EIO) ? -1 : __real_fsync(fd);
}

/* A close that fails has closed the descriptor all the same (Linux). */
int __wrap_close(int fd)
{
    int result = __real_close(fd);
    return strikes(EIO) ? -1 : result;
}

int __wrap_rename(const char *from, const char *to)
{
    return strikes(EIO) ? -1 : __real_rename(from, to);
}
