// Attributes, and what two lists of them differ in, as one line for an operator. By the attributes'
// own rows, so that none is named here.
#include "rib/explain.h"

#include <string.h>

static void put_name(struct buf *b, uint8_t type)
{
	const struct attr_row *row = attr_row(type);

	if (row)
		buf_text(b, row->name);
	else
		buf_format(b, "attribute %u", type);
}

static void put_value(struct buf *b, const struct attr *a)
{
	size_t at = b->len;

	attr_text(b, a);
	if (b->len == at)
		buf_text(b, a->len ? "(not shown)" : "(empty)");
}

static void separate(struct buf *b, size_t begin)
{
	if (b->len > begin)
		buf_text(b, ", ");
}

void explain_attributes(struct buf *b, const struct attrs *as)
{
	size_t begin = b->len;

	for (unsigned i = 0; i < as->count; i++) {
		separate(b, begin);
		put_name(b, as->a[i].type);
		buf_u8(b, ' ');
		put_value(b, &as->a[i]);
	}
	if (as->local.preferred_value) {
		separate(b, begin);
		buf_format(b, "PrefVal %u", as->local.preferred_value);
	}
	if (as->local.label) {
		separate(b, begin);
		buf_format(b, "label %u", as->local.label);
	}
}

static bool same_value(const struct attr *a, const struct attr *b)
{
	return a && b && a->len == b->len && !memcmp(a->value, b->value, a->len);
}

static void put_number_change(struct buf *b, size_t begin, const char *name, uint32_t was,
			      uint32_t is)
{
	if (was == is)
		return;
	separate(b, begin);
	buf_format(b, "%s %u -> %u", name, was, is);
}

void explain_difference(struct buf *b, const struct attrs *before, const struct attrs *after)
{
	size_t begin = b->len;

	for (unsigned type = 0; type < 256; type++) {
		const struct attr *was = attrs_find(before, (uint8_t)type);
		const struct attr *is = attrs_find(after, (uint8_t)type);
		if ((!was && !is) || same_value(was, is))
			continue;
		separate(b, begin);
		put_name(b, (uint8_t)type);
		buf_u8(b, ' ');
		if (was)
			put_value(b, was);
		else
			buf_text(b, "none");
		buf_text(b, " -> ");
		if (is)
			put_value(b, is);
		else
			buf_text(b, "none");
	}
	put_number_change(b, begin, "PrefVal", before->local.preferred_value,
			  after->local.preferred_value);
	if (before->local.preference &&
	    after->local.preference) // else it is the default's coming or going
		put_number_change(b, begin, "preference", before->local.preference,
				  after->local.preference);
	put_number_change(b, begin, "label", before->local.label, after->local.label);
}
