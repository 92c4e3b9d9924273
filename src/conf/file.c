// Files that a crash leaves either old or new: write beside, synchronise, rename over,
// synchronise the directory (without that the rename itself may be lost). An error before the
// rename leaves the old file; an error of the last step is reported too, because then nobody can
// promise which of the two a crash would leave.
#include "conf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "conf/conf.h"

static int system_open(const char *path, int flags, mode_t mode)
{
	return open(path, flags | O_CLOEXEC, mode);
}

const struct file_ops file_ops_system = {.open = system_open,
					 .write = write,
					 .truncate = ftruncate,
					 .fsync = fsync,
					 .close = close,
					 .rename = rename,
					 .unlink = unlink};

static bool fail(struct buf *error, const char *what, const char *path)
{
	buf_format(error, "Error: Failed to %s %s: %s.\n", what, path, strerror(errno));
	return false;
}

static bool write_all(const struct file_ops *ops, int fd, const struct buf *text)
{
	size_t at = 0;

	while (at < text->len) {
		ssize_t n = ops->write(fd, text->data + at, text->len - at);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			at += (size_t)n;
	}
	return ops->fsync(fd) == 0;
}

static bool write_beside(const struct file_ops *ops, const char *path, const struct buf *text,
			 struct buf *error)
{
	int fd = ops->open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);

	if (fd < 0)
		return fail(error, "create", path);
	if (!write_all(ops, fd, text)) {
		fail(error, "write", path);
		ops->close(fd);
		return false;
	}
	if (ops->close(fd) != 0)
		return fail(error, "write", path);
	return true;
}

static bool sync_directory(const struct file_ops *ops, const char *path, struct buf *error)
{
	const char *slash = strrchr(path, '/');
	char *directory = !slash          ? mem_text(".")
			  : slash == path ? mem_text("/")
					  : mem_text_n(path, (size_t)(slash - path));
	int fd = ops->open(directory, O_RDONLY | O_DIRECTORY, 0);
	bool done = fd >= 0 && ops->fsync(fd) == 0;

	if (!done)
		fail(error, "synchronise", directory);
	if (fd >= 0)
		ops->close(fd);
	mem_free(directory);
	return done;
}

enum file_result file_replace(const struct file_ops *ops, const char *path, const struct buf *text,
			      struct buf *error)
{
	char *beside = mem_format("%s.new", path);
	bool done = write_beside(ops, beside, text, error);

	if (done && ops->rename(beside, path) != 0)
		done = fail(error, "replace", path);
	if (!done)
		ops->unlink(beside);
	mem_free(beside);
	if (!done)
		return FILE_OLD;
	return sync_directory(ops, path, error) ? FILE_NEW : FILE_UNCERTAIN;
}

static bool write_at(const struct file_ops *ops, int fd, size_t at, const struct buf *text)
{
	size_t done = 0;

	if (lseek(fd, (off_t)at, SEEK_SET) < 0)
		return false;
	while (done < text->len) {
		ssize_t n = ops->write(fd, text->data + done, text->len - done);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			done += (size_t)n;
	}
	// A torn end of an earlier record may be longer than this one.
	return ops->truncate(fd, (off_t)(at + text->len)) == 0 && ops->fsync(fd) == 0;
}

static void cut(const struct file_ops *ops, const char *path, int fd, size_t size)
{
	if (fd < 0 || ops->truncate(fd, (off_t)size) != 0 || ops->fsync(fd) != 0)
		log_error("configuration: %s may hold a commit that was refused", path);
}

bool file_append(const struct file_ops *ops, const char *path, size_t *size, const struct buf *text,
		 struct buf *error)
{
	int fd = ops->open(path, O_WRONLY, 0);
	bool done = fd >= 0 && write_at(ops, fd, *size, text);

	if (!done) {
		fail(error, "write", path);
		// Not confirmed: must not come back.
		if (fd >= 0)
			cut(ops, path, fd, *size);
	}
	if (fd >= 0)
		ops->close(fd);
	if (done)
		*size += text->len;
	return done;
}

void file_cut(const struct file_ops *ops, const char *path, size_t size)
{
	int fd = ops->open(path, O_WRONLY, 0);

	cut(ops, path, fd, size);
	if (fd >= 0)
		ops->close(fd);
}

bool conf_read_file(const char *path, struct buf *ret, struct buf *error)
{
	bool missing;

	if (file_read(path, ret, &missing, error))
		return true;
	return missing ? fail(error, "read", path) : false;
}

bool file_read(const char *path, struct buf *ret, bool *ret_missing, struct buf *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	*ret_missing = fd < 0 && (errno == ENOENT || errno == ENOTDIR);
	if (*ret_missing)
		return false;
	if (fd < 0)
		return fail(error, "read", path);
	do {
		n = read(fd, buf_room(ret, 1 << 16), 1 << 16);
		if (n > 0)
			buf_extend(ret, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		fail(error, "read", path);
	close(fd);
	return n == 0;
}

bool conf_write_file(const char *path, const void *p, size_t n, struct buf *error)
{
	struct buf text = {0};

	buf_put(&text, p, n);
	bool done = file_replace(&file_ops_system, path, &text, error) == FILE_NEW;
	buf_free(&text);
	return done;
}
