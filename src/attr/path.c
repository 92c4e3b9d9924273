// AS paths. A path is a run of segments: type, count, that many AS numbers (RFC 4271 4.3, RFC 5065
// for the confederation's two types). Everywhere but in wire form numbers have 4 bytes. The
// functions read a path that as_path_valid has passed once; on anything else they stop at the
// first oddity rather than read on. New paths are built in the caller's arena.
#include "attr/attr.h"

#include <string.h>

#define SEGMENT_MAX 255 // numbers: the count is one octet

static bool is_confed(uint8_t segment)
{
	return segment == AS_CONFED_SEQUENCE || segment == AS_CONFED_SET;
}

unsigned as_path_next(struct cursor *c, uint8_t *ret_segment, struct cursor *ret_numbers)
{
	if (c->error || cursor_left(c) < 2)
		return 0;
	uint8_t segment = cursor_u8(c);
	unsigned count = cursor_u8(c);
	struct cursor numbers = cursor_cut(c, (size_t)count * 4);
	if (numbers.error)
		return 0;
	*ret_segment = segment;
	*ret_numbers = numbers;
	return count;
}

// How much a segment adds to the length that the decision compares (RFC 4271 9.1.2.2 (a), RFC
// 5065 5.3).
static unsigned weight(uint8_t segment, unsigned count)
{
	return segment == AS_SEQUENCE ? count : segment == AS_SET ? 1 : 0;
}

unsigned as_path_length(const uint8_t *p, size_t n)
{
	struct cursor c = cursor_of(p, n), numbers;
	unsigned length = 0, count;
	uint8_t segment;

	while ((count = as_path_next(&c, &segment, &numbers)))
		length += weight(segment, count);
	return length;
}

uint32_t as_path_neighbor(const uint8_t *p, size_t n)
{
	struct cursor c = cursor_of(p, n), numbers;
	uint8_t segment;

	while (as_path_next(&c, &segment, &numbers))
		if (!is_confed(segment))
			return segment == AS_SEQUENCE ? cursor_u32(&numbers) : 0;
	return 0;
}

uint32_t as_path_origin(const uint8_t *p, size_t n)
{
	struct cursor c = cursor_of(p, n), numbers;
	uint32_t origin = 0;
	uint8_t segment;

	while (as_path_next(&c, &segment, &numbers)) {
		origin = 0;
		while (segment == AS_SEQUENCE && cursor_left(&numbers))
			origin = cursor_u32(&numbers);
	}
	return origin;
}

unsigned as_path_count(const uint8_t *p, size_t n, uint32_t as)
{
	struct cursor c = cursor_of(p, n), numbers;
	unsigned count = 0;
	uint8_t segment;

	while (as_path_next(&c, &segment, &numbers))
		while (cursor_left(&numbers))
			count += cursor_u32(&numbers) == as;
	return count;
}

bool as_path_has_confed(const uint8_t *p, size_t n)
{
	struct cursor c = cursor_of(p, n), numbers;
	uint8_t segment;

	while (as_path_next(&c, &segment, &numbers))
		if (is_confed(segment))
			return true;
	return false;
}

bool as_path_valid(const uint8_t *p, size_t n, unsigned width, bool *ret_confed)
{
	struct cursor c = cursor_of(p, n);

	*ret_confed = false;
	while (cursor_left(&c)) {
		uint8_t segment = cursor_u8(&c);
		unsigned count = cursor_u8(&c);
		struct cursor numbers = cursor_cut(&c, (size_t)count * width);

		if (c.error || !count || segment < AS_SET || segment > AS_CONFED_SET)
			return false;
		*ret_confed |= is_confed(segment);
		while (cursor_left(&numbers))
			if (!(width == 2 ? cursor_u16(&numbers) : cursor_u32(&numbers)))
				return false; // RFC 7607
	}
	return true;
}

// --- building ----------------------------------------------------------------------------------

// A path under construction in an arena: room for the worst case is taken once.
struct builder {
	uint8_t *start, *p;
};

static struct builder builder_of(struct arena *a, size_t room)
{
	uint8_t *p = arena_alloc(a, room ? room : 1);

	return (struct builder){.start = p, .p = p};
}

static void add_u32(struct builder *b, uint32_t v)
{
	*b->p++ = (uint8_t)(v >> 24);
	*b->p++ = (uint8_t)(v >> 16);
	*b->p++ = (uint8_t)(v >> 8);
	*b->p++ = (uint8_t)v;
}

static void add_bytes(struct builder *b, const uint8_t *p, size_t n)
{
	if (n)
		memcpy(b->p, p, n);
	b->p += n;
}

static void add_segment(struct builder *b, uint8_t segment, unsigned count)
{
	*b->p++ = segment;
	*b->p++ = (uint8_t)count;
}

static struct span built(const struct builder *b)
{
	return (struct span){.p = b->start, .len = (size_t)(b->p - b->start)};
}

struct span as_path_prepend(struct arena *a, const uint8_t *p, size_t n, uint32_t as,
			    unsigned times, uint8_t segment)
{
	unsigned old = n >= 2 && p[0] == segment ? p[1] : 0; // numbers in the segment to fill up
	unsigned fill = old ? SEGMENT_MAX - old : 0;
	struct builder b = builder_of(a, n + (size_t)times * 4 + 2 * (times / SEGMENT_MAX + 2));

	if (fill > times)
		fill = times;
	for (unsigned left = times - fill; left;) {
		// The short segment goes in front, so that the next prepending finds room in it.
		unsigned count = left % SEGMENT_MAX ? left % SEGMENT_MAX : SEGMENT_MAX;

		add_segment(&b, segment, count);
		for (unsigned i = 0; i < count; i++)
			add_u32(&b, as);
		left -= count;
	}
	if (fill) {
		add_segment(&b, segment, old + fill);
		for (unsigned i = 0; i < fill; i++)
			add_u32(&b, as);
		add_bytes(&b, p + 2, n - 2);
	} else {
		add_bytes(&b, p, n);
	}
	return built(&b);
}

struct span as_path_without_confed(struct arena *a, const uint8_t *p, size_t n)
{
	struct cursor c = cursor_of(p, n), numbers;
	struct builder b = builder_of(a, n);
	uint8_t segment;

	for (;;) {
		const uint8_t *start = c.p;
		if (!as_path_next(&c, &segment, &numbers))
			break;
		if (!is_confed(segment))
			add_bytes(&b, start, (size_t)(c.p - start));
	}
	return built(&b);
}

struct span as_path_filter(struct arena *a, const uint8_t *p, size_t n,
			   bool (*keep)(uint32_t as, void *arg), void *arg)
{
	struct cursor c = cursor_of(p, n), numbers;
	struct builder b = builder_of(a, n);
	uint8_t segment;

	while (as_path_next(&c, &segment, &numbers)) {
		uint8_t *head = b.p;
		unsigned count = 0;

		add_segment(&b, segment, 0);
		while (cursor_left(&numbers)) {
			uint32_t as = cursor_u32(&numbers);
			if (!keep(as, arg))
				continue;
			add_u32(&b, as);
			count++;
		}
		head[1] = (uint8_t)count;
		if (!count)
			b.p = head; // an empty segment would be malformed
	}
	return built(&b);
}

struct span as_path_replace(struct arena *a, const uint8_t *p, size_t n, uint32_t from, uint32_t to)
{
	struct cursor c = cursor_of(p, n), numbers;
	struct builder b = builder_of(a, n);
	uint8_t segment;
	unsigned count;

	while ((count = as_path_next(&c, &segment, &numbers))) {
		add_segment(&b, segment, count);
		while (cursor_left(&numbers)) {
			uint32_t as = cursor_u32(&numbers);
			add_u32(&b, as == from ? to : as);
		}
	}
	return built(&b);
}

// --- 2-byte numbers (RFC 6793) -----------------------------------------------------------------

struct span as_path_widen(struct arena *a, const uint8_t *p, size_t n)
{
	struct cursor c = cursor_of(p, n);
	struct builder b = builder_of(a, n * 2);

	while (cursor_left(&c) >= 2) {
		uint8_t segment = cursor_u8(&c);
		unsigned count = cursor_u8(&c);

		if (cursor_left(&c) < (size_t)count * 2)
			break;
		add_segment(&b, segment, count);
		for (unsigned i = 0; i < count; i++)
			add_u32(&b, cursor_u16(&c));
	}
	return built(&b);
}

struct span as_path_narrow(struct arena *a, const uint8_t *p, size_t n, bool *ret_needs_as4)
{
	struct cursor c = cursor_of(p, n), numbers;
	struct builder b = builder_of(a, n);
	uint8_t segment;
	unsigned count;

	*ret_needs_as4 = false;
	while ((count = as_path_next(&c, &segment, &numbers))) {
		add_segment(&b, segment, count);
		while (cursor_left(&numbers)) {
			uint32_t as = cursor_u32(&numbers);
			if (as > UINT16_MAX) {
				// AS4_PATH has no confederation segments: it could not help there.
				*ret_needs_as4 |= !is_confed(segment);
				as = AS_TRANS;
			}
			*b.p++ = (uint8_t)(as >> 8);
			*b.p++ = (uint8_t)as;
		}
	}
	return built(&b);
}

// Copies the leading part of AS_PATH that weighs `want`, and the confederation segments before
// and right behind it (RFC 6793 4.2.3, last paragraph).
static void add_leading(struct builder *b, struct cursor *c, unsigned want)
{
	for (;;) {
		struct cursor numbers;
		const uint8_t *start = c->p;
		uint8_t segment;
		unsigned count = as_path_next(c, &segment, &numbers);

		if (!count || (!want && !is_confed(segment)))
			return;
		if (segment == AS_SEQUENCE && count > want) {
			add_segment(b, segment, want);
			add_bytes(b, numbers.p, (size_t)want * 4);
			return;
		}
		add_bytes(b, start, (size_t)(c->p - start));
		want -= weight(segment, count);
	}
}

// Appends whole segments. Where a sequence meets a sequence and both fit in one they become one:
// the path as it was before an old speaker split it.
static void add_joined(struct builder *b, struct span segments)
{
	struct cursor c = cursor_of(b->start, (size_t)(b->p - b->start)), numbers;
	uint8_t segment = 0, *last = NULL;

	for (size_t at = 0; as_path_next(&c, &segment, &numbers); at = (size_t)(c.p - b->start))
		last = b->start + at;
	if (last && last[0] == AS_SEQUENCE && segments.p[0] == AS_SEQUENCE &&
	    last[1] + segments.p[1] <= SEGMENT_MAX) {
		last[1] = (uint8_t)(last[1] + segments.p[1]);
		add_bytes(b, segments.p + 2, segments.len - 2);
	} else {
		add_bytes(b, segments.p, segments.len);
	}
}

struct span as_path_merge(struct arena *a, struct span as_path, struct span as4_path)
{
	struct span as4 = as_path_without_confed(a, as4_path.p, as4_path.len);
	unsigned have = as_path_length(as_path.p, as_path.len);
	unsigned known = as_path_length(as4.p, as4.len);

	if (have < known || !as4.len)
		return as_path;
	struct builder b = builder_of(a, as_path.len + as4.len + 2);
	struct cursor c = cursor_of(as_path.p, as_path.len);
	add_leading(&b, &c, have - known);
	add_joined(&b, as4);
	return built(&b);
}

void as_path_text(struct buf *b, const uint8_t *p, size_t n)
{
	static const char open[] = " { ([", close[] = " } )]";
	struct cursor c = cursor_of(p, n), numbers;
	uint8_t segment;
	bool first = true;

	while (as_path_next(&c, &segment, &numbers)) {
		bool bracket = segment != AS_SEQUENCE && segment <= AS_CONFED_SET;

		if (!first)
			buf_u8(b, ' ');
		if (bracket)
			buf_u8(b, (uint8_t)open[segment]);
		for (first = true; cursor_left(&numbers); first = false)
			buf_format(b, first ? "%u" : " %u", cursor_u32(&numbers));
		if (bracket)
			buf_u8(b, (uint8_t)close[segment]);
	}
}
