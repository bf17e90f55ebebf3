/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loader/filters.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
    struct nlmsghdr header;
    struct tcmsg message;
    char attributes[64];
};

/* A socket to the kernel whose answers fit the buffer of receive(): netlink(7) recommends 32 KiB.
 */
static int open_socket(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (descriptor < 0)
        return -errno;
    if (bind(descriptor, (struct sockaddr *)&address, sizeof(address)) < 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

static int send_request(int descriptor, const struct request *request)
{
    ssize_t sent = send(descriptor, request, request->header.nlmsg_len, 0);
    return sent < 0 ? -errno : 0;
}

/* The attribute of that type; NULL when there is none. */
static const struct rtattr *find_attribute(const void *attributes, size_t size, int type)
{
    const char *next = attributes;

    while (size >= sizeof(struct rtattr)) {
        const struct rtattr *attribute = (const struct rtattr *)(const void *)next;
        size_t length = RTA_ALIGN((size_t)attribute->rta_len);
        if (attribute->rta_len < sizeof(*attribute) || attribute->rta_len > size)
            return NULL;
        if ((attribute->rta_type & NLA_TYPE_MASK) == type)
            return attribute;
        if (length > size)
            return NULL;
        next += length;
        size -= length;
    }
    return NULL;
}

/* The filter that a message describes; false when it is no bpf filter. */
static bool read_filter(const struct nlmsghdr *header, struct filter *filter)
{
    if (header->nlmsg_type != RTM_NEWTFILTER ||
        header->nlmsg_len < NLMSG_LENGTH(sizeof(struct tcmsg)))
        return false;
    const struct tcmsg *message = NLMSG_DATA(header);
    const char *attributes = (const char *)message + NLMSG_ALIGN(sizeof(*message));
    size_t size = header->nlmsg_len - NLMSG_LENGTH(sizeof(*message));
    const struct rtattr *kind = find_attribute(attributes, size, TCA_KIND);
    const struct rtattr *options = find_attribute(attributes, size, TCA_OPTIONS);
    if (!kind || !options || RTA_PAYLOAD(kind) != sizeof("bpf") ||
        memcmp(RTA_DATA(kind), "bpf", sizeof("bpf")) != 0)
        return false;
    const struct rtattr *id = find_attribute(RTA_DATA(options), RTA_PAYLOAD(options), TCA_BPF_ID);
    if (!id || RTA_PAYLOAD(id) != sizeof(filter->program))
        return false;
    filter->ifindex = (unsigned)message->tcm_ifindex;
    filter->parent = message->tcm_parent;
    filter->handle = message->tcm_handle;
    filter->info = message->tcm_info;
    memcpy(&filter->program, RTA_DATA(id), sizeof(filter->program));
    return true;
}

/* Reads answers until the last. visit may be NULL. */
static int receive(int descriptor, bool (*visit)(void *data, const struct filter *filter),
                   void *data)
{
    union {
        struct nlmsghdr header;
        /* cppcheck-suppress unusedStructMember ; it is the union's size */
        char bytes[32768];
    } answer;

    for (;;) {
        ssize_t received = recv(descriptor, &answer, sizeof(answer), 0);
        if (received < 0 && errno == EINTR)
            continue;
        if (received <= 0)
            return received < 0 ? -errno : -EIO;
        unsigned size = (unsigned)received;
        for (const struct nlmsghdr *header = &answer.header; NLMSG_OK(header, size);
             header = NLMSG_NEXT(header, size)) {
            struct filter filter;
            if (header->nlmsg_type == NLMSG_DONE)
                return 0;
            if (header->nlmsg_type == NLMSG_ERROR) {
                const struct nlmsgerr *error = NLMSG_DATA(header);
                return header->nlmsg_len >= NLMSG_LENGTH(sizeof(*error)) ? error->error : -EIO;
            }
            if (visit && read_filter(header, &filter) && !visit(data, &filter))
                return 0;
        }
    }
}

static int each_of_parent(unsigned ifindex, uint32_t parent,
                          bool (*visit)(void *data, const struct filter *filter), void *data)
{
    struct request request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct tcmsg)),
                   .nlmsg_type = RTM_GETTFILTER,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .message = {.tcm_ifindex = (int)ifindex, .tcm_parent = parent},
    };
    int descriptor = open_socket();
    if (descriptor < 0)
        return descriptor;
    int result = send_request(descriptor, &request);
    if (result == 0)
        result = receive(descriptor, visit, data);
    close(descriptor);
    return result;
}

int filters_each(unsigned ifindex, bool (*visit)(void *data, const struct filter *filter),
                 void *data)
{
    static const uint32_t parents[] = {
        TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
        TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS),
    };
    int result = 0;

    for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]) && result == 0; i++)
        result = each_of_parent(ifindex, parents[i], visit, data);
    return result;
}

int filter_remove(const struct filter *filter)
{
    struct request request = {
        .header = {.nlmsg_type = RTM_DELTFILTER, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
        .message = {.tcm_ifindex = (int)filter->ifindex,
                    .tcm_parent = filter->parent,
                    .tcm_handle = filter->handle,
                    .tcm_info = filter->info},
    };
    struct rtattr kind = {.rta_type = TCA_KIND, .rta_len = RTA_LENGTH(sizeof("bpf"))};
    memcpy(request.attributes, &kind, sizeof(kind));
    memcpy(request.attributes + RTA_LENGTH(0), "bpf", sizeof("bpf"));
    request.header.nlmsg_len = NLMSG_LENGTH(sizeof(struct tcmsg)) + RTA_SPACE(sizeof("bpf"));

    int descriptor = open_socket();
    if (descriptor < 0)
        return descriptor;
    int result = send_request(descriptor, &request);
    if (result == 0)
        result = receive(descriptor, NULL, NULL);
    close(descriptor);
    return result;
}
