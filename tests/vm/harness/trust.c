// SPDX-License-Identifier: Apache-2.0
/* trust CERT.der: adds a certificate to the module's keyring. */
#include "runtime/abi/rex_ioctl.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>

static unsigned char data[65536];

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: trust CERT.der\n");
        return 2;
    }
    FILE *file = fopen(argv[1], "rb");
    if (!file) {
        perror(argv[1]);
        return 1;
    }
    size_t size = fread(data, 1, sizeof(data), file);
    int device = open(REX_DEVICE, O_RDWR | O_CLOEXEC);
    if (device < 0) {
        perror(REX_DEVICE);
        return 1;
    }
    struct rex_ioc_certificate certificate = {.data = (uintptr_t)data, .size = (__u32)size};
    if (ioctl(device, REX_IOC_CERTIFICATE, &certificate) < 0) {
        perror("REX_IOC_CERTIFICATE");
        return 1;
    }
    return 0;
}
