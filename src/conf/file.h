// Inside conf/ only: writing files so that a crash leaves the old or the new one. System calls go
// through a table, so that tests can make each of them fail.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

struct file_ops {
	int (*open)(const char *path, int flags, mode_t mode);
	ssize_t (*write)(int fd, const void *p, size_t n);
	int (*truncate)(int fd, off_t size);
	int (*fsync)(int fd);
	int (*close)(int fd);
	int (*rename)(const char *from, const char *to);
	int (*unlink)(const char *path);
};
extern const struct file_ops file_ops_system;

// path.new is written, synchronised, renamed to path; then the directory is synchronised.
// FILE_UNCERTAIN: it is the new file, but the last step failed, and a crash could bring the old one
// back.
// Errors are "Error: ..." lines; the .new is removed.
enum file_result { FILE_OLD, FILE_UNCERTAIN, FILE_NEW };
enum file_result file_replace(const struct file_ops *ops, const char *path, const struct buf *text,
			      struct buf *error);
// Writes behind the first *size bytes, which grow; what stood there is cut off. It is durable when
// this returns true; otherwise the file is as it was.
bool file_append(const struct file_ops *ops, const char *path, size_t *size, const struct buf *text,
		 struct buf *error);
void file_cut(const struct file_ops *ops, const char *path, size_t size); // as well as it can
// Whole file. false with *ret_missing when there is none, or with error otherwise.
bool file_read(const char *path, struct buf *ret, bool *ret_missing, struct buf *error);

struct conf_store;
void conf_store_set_ops(struct conf_store *s, const struct file_ops *ops);
