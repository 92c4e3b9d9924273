// Tables from MRT dumps: TABLE_DUMP and TABLE_DUMP_V2 (RFC 6396, additional paths RFC 8050), plain,
// gzip or bzip2. One peer's routes are taken. Records pass through one buffer, so the size of the
// dump does not matter. Attributes are brought into the form of a blob (feed_table.h): what belongs
// to the hop between the dumping collector and its peer is dropped, AS numbers are widened.
#include "feed_table.h"

#include <bzlib.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/cursor.h"
#include "base/mem.h"

enum { MRT_TABLE_DUMP = 12, MRT_TABLE_DUMP_V2 = 13 };
enum { V2_PEERS = 1, V2_PREVIEW = 20000, V1_PREVIEW = 200000, PEERS_MAX = 65536 };

struct mrt {
	gzFile gz;
	FILE *file;
	BZFILE *bz;
	bool ended;
	struct buf record;
	uint16_t type, subtype;
	int peer;       // the wanted one
	uint32_t *seen; // routes by peer, while choosing
	struct {
		uint8_t key[20];
	} * v1_peers; // address and AS by index, in order of appearance
	uint32_t v1_count;
	struct blobs *blobs;
	struct entry *entries[FEED_FAMILIES];
	uint32_t count[FEED_FAMILIES], cap[FEED_FAMILIES];
};

// --- bytes --------------------------------------------------------------------------------------

static bool mrt_open(struct mrt *m, const char *path)
{
	uint8_t magic[3] = {0};
	m->ended = false;
	m->file = fopen(path, "rb");
	if (!m->file)
		return false;
	size_t n = fread(magic, 1, 3, m->file);
	rewind(m->file);
	if (n == 3 && memcmp(magic, "BZh", 3) == 0) {
		int error;
		m->bz = BZ2_bzReadOpen(&error, m->file, 0, 0, NULL, 0);
		return m->bz != NULL;
	}
	fclose(m->file);
	m->file = NULL;
	m->gz = gzopen(path, "rb"); // reads plain files as well
	if (m->gz)
		gzbuffer(m->gz, 1 << 18);
	return m->gz != NULL;
}

static void mrt_close(struct mrt *m)
{
	int error;
	if (m->gz)
		gzclose(m->gz);
	if (m->bz)
		BZ2_bzReadClose(&error, m->bz);
	if (m->file)
		fclose(m->file);
	m->gz = NULL;
	m->bz = NULL;
	m->file = NULL;
}

// Concatenated streams follow one another in one file: what the first did not use opens the next.
static bool bz_next_stream(struct mrt *m)
{
	void *unused;
	char rest[BZ_MAX_UNUSED];
	int error, n;
	BZ2_bzReadGetUnused(&error, m->bz, &unused, &n);
	memcpy(rest, unused, (size_t)n);
	BZ2_bzReadClose(&error, m->bz);
	m->bz = NULL;
	int c = n ? 0 : fgetc(m->file);
	if (c == EOF)
		return false;
	if (!n)
		ungetc(c, m->file);
	m->bz = BZ2_bzReadOpen(&error, m->file, 0, 0, rest, n);
	return m->bz != NULL;
}

static bool mrt_bytes(struct mrt *m, uint8_t *to, size_t n)
{
	while (n && !m->ended) {
		int got, error = BZ_OK;
		unsigned want = n < 1 << 20 ? (unsigned)n : 1 << 20;
		if (m->gz)
			got = gzread(m->gz, to, want);
		else
			got = BZ2_bzRead(&error, m->bz, to, (int)want);
		if (got > 0) {
			to += got;
			n -= (size_t)got;
		}
		if (m->gz ? got <= 0 : error == BZ_STREAM_END && !bz_next_stream(m))
			m->ended = true;
		if (!m->gz && error != BZ_OK && error != BZ_STREAM_END)
			m->ended = true;
	}
	return n == 0;
}

static bool mrt_record(struct mrt *m)
{
	uint8_t head[12];
	if (!mrt_bytes(m, head, 12))
		return false;
	struct cursor c = cursor_of(head, 12);
	cursor_u32(&c);
	m->type = cursor_u16(&c);
	m->subtype = cursor_u16(&c);
	uint32_t len = cursor_u32(&c);
	buf_clear(&m->record);
	return len <= 1 << 26 && mrt_bytes(m, buf_extend(&m->record, len), len);
}

// --- attributes ---------------------------------------------------------------------------------

static void attribute_put(struct buf *b, uint8_t flags, uint8_t type, const void *p, size_t n)
{
	buf_u8(b, n > 255 ? flags | 0x10 : flags & ~0x10);
	buf_u8(b, type);
	if (n > 255)
		buf_u16(b, (uint16_t)n);
	else
		buf_u8(b, (uint8_t)n);
	buf_put(b, p, n);
}

// AS_PATH with AS numbers of `size` bytes to one with 4 bytes; false when malformed.
static bool path_widen(struct buf *out, struct cursor c, unsigned size)
{
	while (cursor_left(&c) && !c.error) {
		uint8_t kind = cursor_u8(&c), n = cursor_u8(&c);
		buf_u8(out, kind);
		buf_u8(out, n);
		if (kind < 1 || kind > 4 || n == 0)
			return false;
		while (n--)
			buf_u32(out, size == 4 ? cursor_u32(&c) : cursor_u16(&c));
	}
	return !c.error;
}

static bool attributes_normal(struct buf *out, struct cursor c, unsigned as_size)
{
	struct buf path = {0};
	bool good = true;
	buf_clear(out);
	while (good && cursor_left(&c)) {
		uint8_t flags = cursor_u8(&c), type = cursor_u8(&c);
		struct cursor v = cursor_cut(&c, flags & 0x10 ? cursor_u16(&c) : cursor_u8(&c));
		if (c.error)
			break;
		size_t n = cursor_left(&v);
		const uint8_t *p = v.p;
		switch (type) {
		case 2:
			buf_clear(&path);
			good = path_widen(&path, v, as_size);
			attribute_put(out, flags, 2, path.data, path.len);
			break;
		case 7:
			buf_clear(&path);
			buf_u32(&path, n == 8 ? cursor_u32(&v) : cursor_u16(&v));
			buf_u32(&path, cursor_u32(&v));
			if (!v.error)
				attribute_put(out, flags, 7, path.data, 8);
			break;
		case 3:
		case 5:
		case 9:
		case 10:
		case 14:
		case 15:
		case 17:
		case 18:
			break;
		default:
			attribute_put(out, flags, type, p, n);
		}
	}
	buf_free(&path);
	return good && !c.error;
}

// --- routes -------------------------------------------------------------------------------------

static void mrt_route(struct mrt *m, int family, const struct prefix *p, struct cursor attributes,
		      unsigned as_size)
{
	struct buf b = {0};
	if (attributes_normal(&b, attributes, as_size)) {
		if (m->count[family] == m->cap[family]) {
			m->cap[family] = m->cap[family] ? m->cap[family] * 2 : 4096;
			m->entries[family] = mem_resize(m->entries[family],
							m->cap[family] * sizeof(struct entry));
		}
		m->entries[family][m->count[family]++] =
			(struct entry){.prefix = *p, .attr = blob_add(m->blobs, b.data, b.len)};
	}
	buf_free(&b);
}

static bool prefix_read(struct cursor *c, unsigned bytes, bool padded, struct prefix *ret)
{
	struct prefix p = {.len = 0};
	const uint8_t *b = padded ? cursor_take(c, bytes) : NULL;
	p.len = cursor_u8(c);
	if (p.len > bytes * 8)
		return false;
	if (!padded)
		b = cursor_take(c, (p.len + 7u) / 8);
	if (c->error)
		return false;
	memcpy(p.b, b, (p.len + 7u) / 8);
	for (unsigned i = p.len; i < bytes * 8; i++)
		p.b[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	*ret = p;
	return true;
}

static void record_v2(struct mrt *m)
{
	static const int8_t families[13] = {-1, -1, 0, 2, 1, 3, -1, -1, 0, 2, 1, 3, -1};
	int family = m->subtype < 13 ? families[m->subtype] : -1;
	bool paths = m->subtype >= 8;
	struct cursor c = cursor_of(m->record.data, m->record.len);
	struct prefix p;
	cursor_u32(&c);
	if (family < 0 || !prefix_read(&c, feed_families[family].bytes, false, &p))
		return;
	for (unsigned n = cursor_u16(&c); n && !c.error; n--) {
		unsigned peer = cursor_u16(&c);
		cursor_u32(&c);
		if (paths)
			cursor_u32(&c);
		struct cursor attributes = cursor_cut(&c, cursor_u16(&c));
		if (c.error)
			return;
		if (m->seen)
			m->seen[peer]++;
		else if ((int)peer == m->peer)
			mrt_route(m, family, &p, attributes, 4);
	}
}

static unsigned v1_peer(struct mrt *m, const uint8_t *address, unsigned bytes, const uint8_t as[2])
{
	uint8_t key[20] = {0};
	memcpy(key, address, bytes);
	memcpy(key + 16, as, 2);
	for (uint32_t i = 0; i < m->v1_count; i++)
		if (memcmp(m->v1_peers[i].key, key, 20) == 0)
			return i;
	if (m->v1_count == PEERS_MAX)
		return PEERS_MAX - 1;
	m->v1_peers = mem_resize(m->v1_peers, (m->v1_count + 1) * sizeof(*m->v1_peers));
	memcpy(m->v1_peers[m->v1_count].key, key, 20);
	return m->v1_count++;
}

static void record_v1(struct mrt *m)
{
	int family = m->subtype == 1 ? 0 : m->subtype == 2 ? 1 : -1;
	struct cursor c = cursor_of(m->record.data, m->record.len);
	struct prefix p;
	cursor_u32(&c); // view, sequence
	if (family < 0 || !prefix_read(&c, feed_families[family].bytes, true, &p))
		return;
	cursor_take(&c, 5); // status, time
	const uint8_t *address = cursor_take(&c, feed_families[family].bytes);
	const uint8_t *as = cursor_take(&c, 2);
	struct cursor attributes = cursor_cut(&c, cursor_u16(&c));
	if (c.error)
		return;
	unsigned peer = v1_peer(m, address, feed_families[family].bytes, as);
	if (m->seen)
		m->seen[peer]++;
	else if ((int)peer == m->peer)
		mrt_route(m, family, &p, attributes, 2);
}

// Reads records up to a number of them; false: no route record of a known kind was there.
static bool mrt_read(struct mrt *m, uint32_t limit_v1, uint32_t limit_v2)
{
	uint32_t v1 = 0, v2 = 0;
	while (v1 < limit_v1 && v2 < limit_v2 && mrt_record(m)) {
		if (m->type == MRT_TABLE_DUMP_V2 && m->subtype != V2_PEERS) {
			v2++;
			record_v2(m);
		} else if (m->type == MRT_TABLE_DUMP) {
			v1++;
			record_v1(m);
		}
	}
	return v1 + v2 > 0;
}

// Which peer has most routes shows early: dumps are sorted by prefix.
static bool mrt_choose(struct mrt *m)
{
	m->seen = mem_zero(PEERS_MAX * sizeof(*m->seen));
	bool any = mrt_read(m, V1_PREVIEW, V2_PREVIEW);
	uint32_t best = 0;
	for (uint32_t i = 1; i < PEERS_MAX; i++)
		if (m->seen[i] > m->seen[best])
			best = i;
	m->peer = (int)best;
	mem_free(m->seen);
	m->seen = NULL;
	return any;
}

char *table_from_mrt(struct table tables[FEED_FAMILIES], struct blobs *blobs, const char *path,
		     int peer)
{
	struct mrt m = {.blobs = blobs, .peer = peer};
	bool good = mrt_open(&m, path);
	if (good && peer < 0) {
		good = mrt_choose(&m);
		mrt_close(&m);
		good = good && mrt_open(&m, path);
	}
	good = good && mrt_read(&m, UINT32_MAX, UINT32_MAX);
	mrt_close(&m);
	uint32_t total = 0;
	for (int f = 0; f < FEED_FAMILIES; f++) {
		tables[f].bytes = feed_families[f].bytes;
		if (m.count[f])
			table_build(&tables[f], m.entries[f], m.count[f], blobs);
		total += m.count[f];
		mem_free(m.entries[f]);
	}
	mem_free(m.v1_peers);
	buf_free(&m.record);
	if (!good)
		return mem_format("%s: cannot be read, or is no MRT table dump", path);
	return total ? NULL : mem_format("%s: no routes of peer %d", path, m.peer);
}
