// The journal: a heading, then one record per commit, each with its own size and hash.
//
//   !afresh journal of 89abcdef01234567
//   !afresh commit 13 size 57 hash 0123456789abcdef
//     bgp 100
//   -  peer 10.1.1.2 route-policy in import
//   +  peer 10.1.1.2 route-policy out import
//     #
//
// A record that was not written to its end does not match its hash, and was not confirmed to anybody.
// A journal whose heading names another text than the one at hand changes nothing: it is older than that text.
#include "conf/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

static bool read_heading(const struct buf *file, uint64_t *ret_base, size_t *ret_size)
{
	int used = -1;

	if (sscanf(buf_cstr(file), "!afresh journal of %16" SCNx64 "%n", ret_base, &used) != 1 ||
	    used < 0 || file->data[used] != '\n')
		return false;
	*ret_size = (size_t)used + 1;
	return true;
}

// The record at `at`: whole, and what it says of itself true?
static bool read_record(const struct buf *file, size_t at, uint32_t *ret_number, size_t *ret_size)
{
	const char *text = (const char *)file->data + at;
	uint32_t number;
	uint64_t hash;
	size_t size;
	int used = -1;

	if (sscanf(text, "!afresh commit %" SCNu32 " size %zu hash %16" SCNx64 "%n", &number, &size,
		   &hash, &used) != 3 ||
	    used < 0 || text[used] != '\n')
		return false;
	size_t heading = (size_t)used + 1, left = file->len - at - heading;
	if (size > left || hash_bytes(text + heading, size) != hash)
		return false;
	*ret_number = number;
	*ret_size = heading + size;
	return true;
}

bool journal_read(struct journal *j, uint64_t base, struct buf *ret_text, uint32_t *ret_number,
		  struct buf *error)
{
	struct buf file = {0};
	bool missing;
	uint64_t of;
	size_t at, size;

	j->base = base;
	j->size = 0;
	if (!file_read(j->path, &file, &missing, error))
		return missing;
	if (read_heading(&file, &of, &at) && of == base) {
		while (at < file.len && read_record(&file, at, ret_number, &size)) {
			buf_put(ret_text, file.data + at, size);
			at += size;
		}
		if (at < file.len)
			log_warning("configuration: %s ends in a commit that was not finished",
				    j->path);
		j->size = at;
	}
	buf_free(&file);
	return true;
}

void journal_reset(struct journal *j, const struct file_ops *ops, uint64_t base)
{
	ops->unlink(j->path); // one that stays names another base
	j->base = base;
	j->size = 0;
}

bool journal_add(struct journal *j, const struct file_ops *ops, uint32_t number,
		 const struct buf *changes, struct buf *error)
{
	struct buf record = {0};
	enum file_result result = FILE_OLD;

	if (!j->size)
		buf_format(&record, "!afresh journal of %016" PRIx64 "\n", j->base);
	buf_format(&record, "!afresh commit %" PRIu32 " size %zu hash %016" PRIx64 "\n", number,
		   changes->len, hash_bytes(changes->data, changes->len));
	buf_put(&record, changes->data, changes->len);
	if (j->size)
		result = file_append(ops, j->path, &j->size, &record, error) ? FILE_NEW : FILE_OLD;
	else
		result = file_replace(ops, j->path, &record, error);
	if (result == FILE_UNCERTAIN)
		ops->unlink(j->path);
	if (result == FILE_NEW)
		j->size = j->size ? j->size : record.len;
	buf_free(&record);
	return result == FILE_NEW;
}
