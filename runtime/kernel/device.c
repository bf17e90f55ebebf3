// SPDX-License-Identifier: GPL-2.0-only
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "runtime/abi/rex_abi.h"
#include "runtime/abi/rex_ioctl.h"
#include "runtime/kernel/device.h"
#include "runtime/kernel/elf.h"
#include "runtime/kernel/keyring.h"
#include "runtime/kernel/object.h"

#define CERTIFICATE_MAX 65536
#define MAP_FDS_MAX 256

static int ioctl_version(void __user *argument)
{
	const struct rex_ioc_version version = {
		.ioctl_version = REX_IOCTL_VERSION,
		.abi_version = REX_ABI_VERSION,
		.features = (rex_allows_unsigned() ? REX_FEATURE_UNSIGNED : 0) |
			    (rex_keyring_is_sealed() ? REX_FEATURE_SEALED : 0) |
			    (rex_trusts_secondary() ? REX_FEATURE_SECONDARY : 0),
	};

	return copy_to_user(argument, &version, sizeof(version)) ? -EFAULT : 0;
}

static int ioctl_certificate(void __user *argument)
{
	struct rex_ioc_certificate request;
	u8 *certificate;
	int error;

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	if (request.reserved != 0 || request.size == 0 || request.size > CERTIFICATE_MAX)
		return -EINVAL;
	certificate = memdup_user(u64_to_user_ptr(request.data), request.size);
	if (IS_ERR(certificate))
		return PTR_ERR(certificate);
	error = rex_keyring_add(certificate, request.size);
	kfree(certificate);
	return error;
}

/* An object's descriptor. */
static int close_object(struct inode *inode, struct file *file)
{
	rex_object_closed(file->private_data);
	return 0;
}

static int ioctl_bind(struct rex_object *object, void __user *argument)
{
	struct rex_ioc_bind request;

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	if (request.flags != 0 || request.reserved != 0)
		return -EINVAL;
	return rex_object_bind(object, request.program, request.prog_fd);
}

static long object_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	if (command != REX_IOC_BIND)
		return -ENOTTY;
	return ioctl_bind(file->private_data, (void __user *)argument);
}

static const struct file_operations object_operations = {
	.owner = THIS_MODULE,
	.release = close_object,
	.unlocked_ioctl = object_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/* The file is copied once, and everything is decided on the copy: the caller can change its own meanwhile. */
static int load_file(const struct rex_ioc_load *request, struct rex_message *message,
		     struct rex_object **object)
{
	u8 *file = kvmalloc(request->file_size, GFP_KERNEL_ACCOUNT);
	s32 *map_fds = kvmalloc_array(request->map_count + 1, sizeof(*map_fds), GFP_KERNEL_ACCOUNT);
	size_t size;
	int error;

	if (!file || !map_fds) {
		error = rex_refuse(message, -ENOMEM, "no memory for a copy of the file");
	} else if (copy_from_user(file, u64_to_user_ptr(request->file), request->file_size) ||
		   copy_from_user(map_fds, u64_to_user_ptr(request->map_fds),
				  request->map_count * sizeof(*map_fds))) {
		error = rex_refuse(message, -EFAULT, "the file or the descriptors cannot be read");
	} else {
		error = rex_verify_signature(file, request->file_size, &size, message);
		if (!error)
			error = rex_object_create(file, size, request, map_fds, message, object);
	}
	kvfree(map_fds);
	kvfree(file);
	return error;
}

/* The descriptor is made first, so that nothing can fail once the object is visible. */
static int load(struct rex_ioc_load *request, void __user *argument, struct rex_message *message)
{
	const int fd = get_unused_fd_flags(O_CLOEXEC);
	struct rex_object *object = NULL;
	struct file *file;
	int error;

	if (fd < 0)
		return rex_refuse(message, fd, "no descriptor is free");
	error = load_file(request, message, &object);
	if (!error)
		error = rex_object_publish(object, message);
	if (error) {
		put_unused_fd(fd);
		return error;
	}
	request->id = object->id;
	request->programs = object->program_count;
	/* From here on closing the file ends the object. */
	file = anon_inode_getfile("[rex]", &object_operations, object, O_RDWR | O_CLOEXEC);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		rex_object_closed(object);
		return rex_refuse(message, PTR_ERR(file), "no memory for a descriptor");
	}
	if (copy_to_user(argument, request, sizeof(*request))) {
		put_unused_fd(fd);
		fput(file);
		return rex_refuse(message, -EFAULT, "the result cannot be written");
	}
	fd_install(fd, file);
	return fd;
}

static int ioctl_load(void __user *argument)
{
	struct rex_ioc_load request;
	struct rex_message *message;
	int result;

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	message = kzalloc(sizeof(*message), GFP_KERNEL);
	if (!message)
		return -ENOMEM;
	if (request.reserved != 0 || request.file_size == 0 || request.file_size > REX_FILE_MAX ||
	    request.map_count > MAP_FDS_MAX)
		result = rex_refuse(message, -EINVAL,
				    "a file has 1 to %u bytes and an object at most %u maps", REX_FILE_MAX,
				    MAP_FDS_MAX);
	else
		result = load(&request, argument, message);
	if (result < 0 && request.message && request.message_size > 0) {
		const u32 length = min_t(u32, strlen(message->text), request.message_size - 1);

		message->text[length] = '\0';
		if (copy_to_user(u64_to_user_ptr(request.message), message->text, length + 1))
			result = -EFAULT;
	}
	kfree(message);
	return result;
}

static int ioctl_next(u32 __user *argument)
{
	u32 id;
	int error;

	if (get_user(id, argument))
		return -EFAULT;
	error = rex_object_next(&id);
	return error ? error : put_user(id, argument);
}

static int ioctl_object_info(void __user *argument)
{
	struct rex_ioc_object_info info;
	int error;

	if (copy_from_user(&info, argument, sizeof(info)))
		return -EFAULT;
	if (info.reserved != 0)
		return -EINVAL;
	error = rex_object_info(&info);
	if (!error && copy_to_user(argument, &info, sizeof(info)))
		error = -EFAULT;
	return error;
}

static int ioctl_program_info(void __user *argument)
{
	struct rex_ioc_program_info info;
	int error;

	if (copy_from_user(&info, argument, sizeof(info)))
		return -EFAULT;
	error = rex_program_info(&info);
	if (!error && copy_to_user(argument, &info, sizeof(info)))
		error = -EFAULT;
	return error;
}

static int ioctl_unload(u32 __user *argument)
{
	u32 id;

	if (get_user(id, argument))
		return -EFAULT;
	return rex_object_unload(id);
}

static long device_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	void __user *pointer = (void __user *)argument;

	switch (command) {
	case REX_IOC_VERSION:
		return ioctl_version(pointer);
	case REX_IOC_CERTIFICATE:
		return ioctl_certificate(pointer);
	case REX_IOC_SEAL:
		rex_keyring_seal();
		return 0;
	case REX_IOC_LOAD:
		return ioctl_load(pointer);
	case REX_IOC_NEXT:
		return ioctl_next(pointer);
	case REX_IOC_OBJECT_INFO:
		return ioctl_object_info(pointer);
	case REX_IOC_PROGRAM_INFO:
		return ioctl_program_info(pointer);
	case REX_IOC_UNLOAD:
		return ioctl_unload(pointer);
	default:
		return -ENOTTY;
	}
}

/* A descriptor may be given away, as any may; but what it permits was decided here. */
static int open_device(struct inode *inode, struct file *file)
{
	if (!capable(CAP_SYS_ADMIN) || !capable(CAP_BPF))
		return -EPERM;
	return nonseekable_open(inode, file);
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.open = open_device,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "rex",
	.fops = &device_operations,
	.mode = 0600,
};

int __init rex_device_init(void)
{
	return misc_register(&device);
}

void rex_device_exit(void)
{
	misc_deregister(&device);
}
