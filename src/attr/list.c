// Lists of attributes (struct attrs) and the table of rows. A list is sorted by type and its values
// point into memory that somebody else owns; putting and dropping move the few entries behind.
// Messages carry attributes in ascending order nearly always (RFC 4271 5), so putting looks from
// the end.
#include "attr/attr.h"

#include <string.h>

#include "attr/attr_list.h" // rows_by_type, attr_rows: generated

void attrs_clear(struct attrs *as)
{
	as->count = 0;
	as->local = (struct attr_local){0};
}

const struct attr *attrs_find(const struct attrs *as, uint8_t type)
{
	for (unsigned i = 0; i < as->count && as->a[i].type <= type; i++)
		if (as->a[i].type == type)
			return &as->a[i];
	return NULL;
}

bool attrs_put(struct attrs *as, uint8_t type, uint8_t flags, const void *value, size_t len)
{
	unsigned at = as->count;

	if (len > UINT16_MAX)
		return false;
	while (at && as->a[at - 1].type > type)
		at--;
	if (!at || as->a[at - 1].type != type) {
		if (as->count == ATTRS_MAX)
			return false;
		memmove(&as->a[at + 1], &as->a[at], (as->count - at) * sizeof(as->a[0]));
		as->count++;
	} else {
		at--;
	}
	as->a[at] = (struct attr){.type = type,
				  .flags = flags & (uint8_t)~ATTR_EXTENDED,
				  .len = (uint16_t)len,
				  .value = value};
	return true;
}

void attrs_drop(struct attrs *as, uint8_t type)
{
	const struct attr *a = attrs_find(as, type);

	if (!a)
		return;
	unsigned at = (unsigned)(a - as->a);
	as->count--;
	memmove(&as->a[at], &as->a[at + 1], (as->count - at) * sizeof(as->a[0]));
}

bool attrs_u32(const struct attrs *as, uint8_t type, uint32_t *ret)
{
	const struct attr *a = attrs_find(as, type);

	if (!a || a->len != 4)
		return false;
	struct cursor c = cursor_of(a->value, 4);
	*ret = cursor_u32(&c);
	return true;
}

static uint8_t flags_of(uint8_t type)
{
	const struct attr_row *row = attr_row(type);

	return row ? row->flags : ATTR_OPTIONAL | ATTR_TRANSITIVE;
}

void attrs_put_u32(struct attrs *as, struct arena *a, uint8_t type, uint32_t v)
{
	uint8_t *p = arena_alloc(a, 4);

	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
	attrs_put(as, type, flags_of(type), p, 4);
}

void attrs_put_u8(struct attrs *as, struct arena *a, uint8_t type, uint8_t v)
{
	attrs_put(as, type, flags_of(type), arena_copy(a, &v, 1), 1);
}

const struct attr_row *attr_row(uint8_t type)
{
	return rows_by_type[type];
}

bool attr_in_scope(const struct attr_row *row, const struct attr_context *x)
{
	switch ((enum attr_scope)row->scope) {
	case ATTR_SCOPE_AS:
		return x->internal;
	case ATTR_SCOPE_CONFED:
		return x->internal || x->confed;
	case ATTR_SCOPE_ANY:
		break;
	}
	return true;
}

// RFC 4271 6.3 subcodes that any attribute can have.
enum { SUBCODE_FLAGS = 4, SUBCODE_LENGTH = 5 };

enum attr_fault attr_grade(const struct attr_row *row, const struct attr_context *x, struct attr *a,
			   struct arena *arena, uint8_t *ret_subcode)
{
	const uint8_t kind = ATTR_OPTIONAL | ATTR_TRANSITIVE;

	// RFC 7606 3 (c): only these two bits count. Partial is kept where it has a meaning.
	if ((a->flags ^ row->flags) & kind) {
		*ret_subcode = SUBCODE_FLAGS;
		return row->on_flags;
	}
	a->flags = row->flags | ((row->flags & kind) == kind ? a->flags & ATTR_PARTIAL : 0);
	if (row->size) {
		bool fits = row->multiple ? a->len && a->len % row->size == 0 : a->len == row->size;
		if (!fits) {
			*ret_subcode = SUBCODE_LENGTH;
			return row->on_length;
		}
	}
	if (!row->parse)
		return ATTR_FAULT_NONE;
	*ret_subcode = row->subcode;
	return row->parse(x, a, arena);
}

void attr_text(struct buf *b, const struct attr *a)
{
	const struct attr_row *row = attr_row(a->type);

	if (row && row->text)
		row->text(b, a);
	else
		buf_hex(b, a->value, a->len);
}
