// Inside conf/ only: the commits since running.cfg was written as a whole, so that a commit costs
// what it changes and not what is configured.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "conf/file.h"

struct journal {
	char *path;    // owned
	uint64_t base; // hash of the text that the first record changes
	size_t size;   // bytes that are whole; 0: no file, or one of another base
};
// Reads the records that are whole and belong to the base; they are added to ret_text, the
// number of the last one goes to *ret_number. A torn end is forgotten: its commit was
// never confirmed.
bool journal_read(struct journal *j, uint64_t base, struct buf *ret_text, uint32_t *ret_number,
		  struct buf *error);
// One more record, durable when this returns true. false: the file is as it was.
bool journal_add(struct journal *j, const struct file_ops *ops, uint32_t number,
		 const struct buf *changes, struct buf *error);
void journal_reset(struct journal *j, const struct file_ops *ops, uint64_t base); // begins anew
