/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The interface of /dev/rex, the device of the in-kernel runtime. Every structure has the same
 * layout for 32- and 64-bit callers, pointers are u64, and every reserved field must be zero: a
 * kernel that gives one a meaning can tell old callers apart.
 *
 * Opening the device needs CAP_SYS_ADMIN and CAP_BPF. Failed calls return -1 with errno; calls that
 * take a message buffer also write one line there that says what is wrong, with the rule's code
 * when `rexc explain` knows it.
 *
 * The life of an object. REX_IOC_LOAD verifies and maps the file and returns a descriptor of the
 * object. REX_IOC_BIND puts a program of it behind an eBPF program that the caller has loaded (a
 * stub of the same type that does nothing): from then on the stub runs the native code, wherever it
 * is attached, and is an ordinary BPF program to everybody else (links, pins, bpftool). The object
 * lives as long as a descriptor of it is open or one of its stubs is held by anybody but the
 * module: an attachment, a link, a pin, a descriptor. REX_IOC_UNLOAD ends it earlier: its stubs are
 * stubs again.
 */
#ifndef REX_IOCTL_H
#define REX_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define REX_DEVICE "/dev/rex"
#define REX_IOCTL_VERSION 1

#define REX_NAME_SIZE 64     /* bytes of a name, with the terminating NUL */
#define REX_MESSAGE_SIZE 512 /* a good size for a message buffer */

#define REX_TIMEOUT_MAX_MS 10000 /* longest time that a run may be given */

struct rex_ioc_version {
    __u32 ioctl_version; /* REX_IOCTL_VERSION of the module */
    __u32 abi_version;   /* REX_ABI_VERSION of the module */
    __u32 features;      /* REX_FEATURE_* */
    __u32 reserved;
};
#define REX_FEATURE_UNSIGNED (1u << 0)  /* loaded with allow_unsigned=1 */
#define REX_FEATURE_SEALED (1u << 1)    /* no more certificates are taken */
#define REX_FEATURE_SECONDARY (1u << 2) /* trusts the kernel's secondary keyring too */

/* Adds a DER-encoded X.509 certificate to the module's keyring. EPERM once sealed. */
struct rex_ioc_certificate {
    __u64 data;
    __u32 size;
    __u32 reserved;
};

struct rex_ioc_load {
    __u64 file;         /* in: the bytes of the .rex file, signature included */
    __u64 map_fds;      /* in: __s32[map_count], for the maps in the order of their addresses */
    __u64 message;      /* in: buffer for one line of text, or 0 */
    __u32 file_size;    /* in: bytes */
    __u32 map_count;    /* in */
    __u32 message_size; /* in: bytes, with the terminating NUL */
    __u32 timeout_ms;   /* in: longest run, up to REX_TIMEOUT_MAX_MS; 0: REX_TIMEOUT_DEFAULT_MS */
    __u32 flags;        /* in: REX_LOAD_* */
    __u32 id;           /* out: the object's number, never reused while the module is loaded */
    __u32 programs;     /* out: how many programs it has */
    __u32 reserved;
};
/* A program of which a run panics, uses up its time or its stack becomes its stub again. */
#define REX_LOAD_DETACH_ON_PANIC (1u << 0)

/* On an object's descriptor. */
struct rex_ioc_bind {
    __u32 program; /* number of the program, in the order of the note */
    __s32 prog_fd; /* of the stub */
    __u32 flags;   /* 0 */
    __u32 reserved;
};

struct rex_ioc_object_info {
    __u32 id;            /* in (device), out */
    __u32 programs;      /* out */
    __u64 loaded_at_ns;  /* out: CLOCK_BOOTTIME */
    __u64 image_address; /* out: 0 without CAP_SYSLOG as kptr_restrict says */
    __u32 image_size;    /* out: bytes */
    __u32 timeout_ms;    /* out */
    __u32 flags;         /* out: REX_OBJECT_* */
    __u32 reserved;
    char name[REX_NAME_SIZE]; /* out: of the object, from its note */
};
#define REX_OBJECT_QUARANTINED (1u << 0) /* a fault was contained: its programs are stubs again */

struct rex_ioc_program_info {
    __u32 object;      /* in: object's id */
    __u32 program;     /* in: number of the program */
    __u32 type;        /* out: BPF_PROG_TYPE_* */
    __u32 prog_id;     /* out: id of the stub as bpftool prints it, 0 when not bound */
    __u32 stack_bound; /* out: bytes, 0xffffffff when checked at run time */
    __u32 flags;       /* out: REX_PROGRAM_* */
    __u64 runs;        /* out */
    __u64 panics;      /* out */
    __u64 timeouts;    /* out */
    __u64 overflows;   /* out: failed stack checks */
    __u64 faults;      /* out: contained faults */
    __u64 nested;      /* out: runs inside another run of the same CPU */
    __u64 skipped;     /* out: not run, but given the default verdict: see docs/kernel-runtime.md */
    char name[REX_NAME_SIZE]; /* out */
};
#define REX_PROGRAM_BOUND (1u << 0)
#define REX_PROGRAM_DETACHED (1u << 1) /* by REX_LOAD_DETACH_ON_PANIC, or by a fault */

/* On the device. */
#define REX_IOC_VERSION _IOR('R', 0x00, struct rex_ioc_version)
#define REX_IOC_CERTIFICATE _IOW('R', 0x01, struct rex_ioc_certificate)
#define REX_IOC_SEAL _IO('R', 0x02)
/* Returns a descriptor, close-on-exec. */
#define REX_IOC_LOAD _IOWR('R', 0x03, struct rex_ioc_load)
/* The lowest id above the given one; ENOENT at the end. */
#define REX_IOC_NEXT _IOWR('R', 0x04, __u32)
#define REX_IOC_OBJECT_INFO _IOWR('R', 0x05, struct rex_ioc_object_info)
#define REX_IOC_PROGRAM_INFO _IOWR('R', 0x06, struct rex_ioc_program_info)
#define REX_IOC_UNLOAD _IOW('R', 0x07, __u32) /* by id */
/* On an object's descriptor. */
#define REX_IOC_BIND _IOW('R', 0x10, struct rex_ioc_bind)

#endif
