# SPDX-License-Identifier: Apache-2.0
# For the scripts that run in the machines: each check is a line of TAP. Nothing here depends on how fast the machine is: what
# has to happen is waited for, with a deadline that only a hang exceeds.
# shellcheck shell=sh

# Variables of who reads this.
# shellcheck disable=SC2034
pins=/sys/fs/bpf/rexc
# shellcheck disable=SC2034
trace=/sys/kernel/tracing

# check NAME COMMAND...: passes when the command does. What it printed is shown when it does not.
check()
{
    check_name=$1
    shift
    if "$@" >/tmp/check 2>&1; then
        echo "ok - $check_name"
    else
        echo "not ok - $check_name (status $?)"
        printf '# %s\n' "$*"
        sed 's/^/# /' /tmp/check
    fi
}

# finish: the last line of a script; without it the suite knows that the script was cut short.
finish()
{
    echo "end of $1"
}

# equal EXPECTED ACTUAL
equal()
{
    [ "$1" = "$2" ] && return 0
    printf 'expected: %s\nactual:   %s\n' "$1" "$2"
    return 1
}

# between LOW HIGH ACTUAL
between()
{
    [ -n "$3" ] && [ "$3" -ge "$1" ] && [ "$3" -le "$2" ] && return 0
    printf 'expected: %s to %s\nactual:   %s\n' "$1" "$2" "$3"
    return 1
}

# refused CODE COMMAND...: the command fails and says so with that code of rexc's.
refused()
{
    refused_code=$1
    shift
    if "$@" >/tmp/refused 2>&1; then
        echo "did not fail"
        return 1
    fi
    cat /tmp/refused
    grep -q "$refused_code" /tmp/refused
}

# fails COMMAND...
fails()
{
    ! "$@"
}

# soon COMMAND...: the command passes within a minute.
soon()
{
    soon_left=300
    until "$@" >/tmp/soon 2>&1; do
        soon_left=$((soon_left - 1))
        if [ $soon_left = 0 ]; then
            cat /tmp/soon
            return 1
        fi
        sleep 0.2
    done
}

# logged TEXT: the kernel's log has it.
logged()
{
    dmesg | grep -qF "$1"
}

# bytes NUMBER SIZE: a number as bpftool wants it, little-endian.
bytes()
{
    bytes_left=$1
    bytes_count=0
    while [ "$bytes_count" -lt "$2" ]; do
        printf '%d ' $((bytes_left % 256))
        bytes_left=$((bytes_left / 256))
        bytes_count=$((bytes_count + 1))
    done
}

# set_word PIN INDEX VALUE SIZE: an element of an array.
set_word()
{
    # Unquoted on purpose: each byte is a word.
    # shellcheck disable=SC2046
    bpftool map update pinned "$1" key $(bytes "$2" 4) value $(bytes "$3" "$4")
}

# value PIN KEY KEYSIZE: the value of an integer key, as bpftool prints it through BTF.
value()
{
    # shellcheck disable=SC2046
    bpftool -j map lookup pinned "$1" key $(bytes "$2" "$3") |
        sed -n 's/.*"formatted":{.*"value":\([^}]*\)}.*/\1/p'
}

# member PIN KEY KEYSIZE NAME: a member of such a value that is a structure.
member()
{
    # shellcheck disable=SC2046
    bpftool -j map lookup pinned "$1" key $(bytes "$2" "$3") |
        sed -n "s/.*\"formatted\":.*\"$4\":\(-\{0,1\}[0-9]*\).*/\1/p"
}

# count PROGRAM MEMBER: what rexc list says of a program.
count()
{
    rexc list --json | awk -v program="\"$1\"," -v member="\"$2\":" '
        $1 == "\"name\":" { found = $2 == program }
        found && $1 == member { gsub("[\",]", "", $2); print $2; exit }'
}

# number OBJECT: what unload takes beside a name.
number()
{
    rexc list | sed -n "s/^\([0-9]*\): $1, .*/\1/p"
}

# passes HOST: all of three pings are answered, be it late.
passes()
{
    ping -q -i 0.2 -W 30 -c 3 "$1" | grep ' 0% packet loss'
}

# loses HOST: none is.
loses()
{
    ping -q -i 0.2 -W 1 -c 3 "$1" | grep ' 100% packet loss'
}

# ttl HOST: the time to live of an answer.
ttl()
{
    ping -c 1 -W 30 "$1" | sed -n 's/.* ttl=\([0-9]*\) .*/\1/p'
}

# Where a kprobe is a breakpoint and runs with interrupts off: behind the place for ftrace's call, which has 5 bytes, and
# before it the landing mark of 4 where the kernel has those.
behind_ftrace()
{
    case $(uname -r) in
    6.1.*) echo 5 ;;
    *) echo 9 ;;
    esac
}

# A pair of interfaces, if it is not there: v0 here, v1 in the namespace "peer". They know each other's addresses, and nobody speaks but those
# who are asked to.
make_pair()
{
    [ -e /sys/class/net/v0 ] && return
    mkdir -p /var/run/netns
    ip netns add peer
    ip link add v0 address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02 netns peer
    echo 1 >/proc/sys/net/ipv6/conf/v0/disable_ipv6
    ip netns exec peer sh -c 'echo 1 >/proc/sys/net/ipv6/conf/v1/disable_ipv6'
    ip address add 10.0.0.1/24 dev v0
    ip link set v0 up
    ip -n peer address add 10.0.0.2/24 dev v1
    ip -n peer link set v1 up
    ip -n peer link set lo up
    ip neighbor replace 10.0.0.2 lladdr 02:00:00:00:00:02 nud permanent dev v0
    ip -n peer neighbor replace 10.0.0.1 lladdr 02:00:00:00:00:01 nud permanent dev v1
    check "a pair of interfaces" soon passes 10.0.0.2
}
