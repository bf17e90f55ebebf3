/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/librex/device.h"
#include "runtime/abi/rex_abi.h"
#include "runtime/abi/rex_ioctl.h"
#include "runtime/librex/librex.h"
#include "runtime/librex/report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* As the library's functions return: 0 or more, or a negative error number that is also in errno.
 */
static int control(int device, unsigned long request, void *argument)
{
    int result = ioctl(device, request, argument);
    return result < 0 ? -errno : result;
}

int rex_device__open(void)
{
    int device = open(REX_DEVICE, O_RDWR | O_CLOEXEC);
    if (device >= 0)
        return device;
    /* Without the module there is no node, or one that nobody serves. */
    if (errno == ENOENT || errno == ENXIO)
        errno = ENODEV;
    return -errno;
}

int rex_device__version(int device, struct rex_ioc_version *version)
{
    memset(version, 0, sizeof(*version));
    return control(device, REX_IOC_VERSION, version);
}

int rex_device__next_object(int device, uint32_t *id)
{
    return control(device, REX_IOC_NEXT, id);
}

int rex_device__object_info(int device, struct rex_ioc_object_info *info)
{
    struct rex_ioc_object_info asked = {.id = info->id};
    int result = control(device, REX_IOC_OBJECT_INFO, &asked);
    if (result == 0)
        *info = asked;
    return result;
}

int rex_device__program_info(int device, struct rex_ioc_program_info *info)
{
    struct rex_ioc_program_info asked = {.object = info->object, .program = info->program};
    int result = control(device, REX_IOC_PROGRAM_INFO, &asked);
    if (result == 0)
        *info = asked;
    return result;
}

int rex_device__unload(int device, uint32_t id)
{
    return control(device, REX_IOC_UNLOAD, &id);
}

int rex_device__trust(int device, const void *certificate, size_t size)
{
    struct rex_ioc_certificate request = {.data = (uintptr_t)certificate, .size = (uint32_t)size};
    if (size > UINT32_MAX) {
        errno = EFBIG;
        return -EFBIG;
    }
    return control(device, REX_IOC_CERTIFICATE, &request);
}

int rex_device__seal(int device)
{
    return control(device, REX_IOC_SEAL, NULL);
}

int device_open(struct diag *diag)
{
    struct rex_ioc_version version;

    int device = rex_device__open();
    if (device == -ENODEV)
        return report_error(diag, ENODEV, "there is no %s: the module is not loaded (modprobe rex)",
                            REX_DEVICE);
    if (device < 0)
        return report_error(diag, -device,
                            "cannot open %s: %s (it takes CAP_SYS_ADMIN and CAP_BPF)", REX_DEVICE,
                            strerror(-device));
    int result = rex_device__version(device, &version);
    if (result < 0)
        report_error(diag, -result, "%s does not tell its version: %s", REX_DEVICE,
                     strerror(-result));
    else if (version.ioctl_version != REX_IOCTL_VERSION || version.abi_version != REX_ABI_VERSION)
        result = report_error(diag, EPROTO,
                              "the module has interface %u and object version %u, this library %u "
                              "and %u: install both from one release",
                              version.ioctl_version, version.abi_version, REX_IOCTL_VERSION,
                              REX_ABI_VERSION);
    if (result < 0) {
        close(device);
        errno = -result;
        return result;
    }
    return device;
}

int device_load(struct diag *diag, int device, const char *name, struct rex_ioc_load *request)
{
    char message[REX_MESSAGE_SIZE] = "";

    request->message = (uintptr_t)message;
    request->message_size = sizeof(message);
    int descriptor = control(device, REX_IOC_LOAD, request);
    if (descriptor >= 0)
        return descriptor;
    message[sizeof(message) - 1] = '\0';
    message[strcspn(message, "\n")] = '\0';
    return report_error(diag, -descriptor, "%s: %s", name,
                        message[0] ? message : strerror(-descriptor));
}

int device_bind(int object, struct rex_ioc_bind *request)
{
    return control(object, REX_IOC_BIND, request);
}
