#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# First process of a test machine. ttyS0 is the kernel's console, ttyS1 carries what the commands print, ttyS2 the
# commands' exit status. /run/vm has what this machine is to do.
export PATH=/bin:/root HOME=/root TERM=dumb
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t bpf bpf /sys/fs/bpf
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
ln -s /proc/self/fd /dev/fd
dmesg -n 7
for tty in ttyS1 ttyS2; do
    stty -F /dev/$tty raw -echo
done
exec </dev/null >/dev/ttyS1 2>&1
ip link set lo up
cd /root || exit

prepare()
{
    [ -f /run/vm/rex.ko ] || return 0
    # Unquoted on purpose: parameters are words.
    # shellcheck disable=SC2046
    insmod /run/vm/rex.ko $(cat /run/vm/parameters) || return 1
    for certificate in /run/vm/trust/*.der; do
        [ -f "$certificate" ] || continue
        trust "$certificate" || return 1
    done
}

if prepare; then
    setsid sh /run/vm/commands
    echo $? >/dev/ttyS2
else
    echo 69 >/dev/ttyS2
fi
poweroff -f
