// SPDX-License-Identifier: Apache-2.0
/* flood ADDRESS COUNT: sends COUNT small datagrams to the discard port, however many of them are
 * lost. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(9)};
    long count = argc == 3 ? atol(argv[2]) : 0;
    int socket_ = socket(AF_INET, SOCK_DGRAM, 0);

    if (count == 0 || inet_pton(AF_INET, argv[1], &peer.sin_addr) != 1 || socket_ < 0)
        return 2;
    for (long i = 0; i < count; i++)
        sendto(socket_, "x", 1, 0, (struct sockaddr *)&peer, sizeof(peer));
    return 0;
}
