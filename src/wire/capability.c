// Capabilities (RFC 5492): a table of rows, one a code, that read a capability into struct
// capabilities and write it from there. A code without a row is no error; it is noted for the log.
// A row may be met several times (RFC 5492 4): families add up, of single values the last counts
// (RFC 4724 3 says so of its own).
#include "wire/wire_private.h"

#define PARAMETER_CAPABILITIES 2
#define PARAMETER_EXTENDED     255 // RFC 9072

struct capability_row {
	uint8_t code;
	// The whole value. False: malformed beyond use, which ends the attempt with 2/0.
	bool (*decode)(struct cursor *c, struct capabilities *ret);
	void (*encode)(struct buf *b, const struct open *o); // none, one or several
};

static void put_head(struct buf *b, uint8_t code, size_t length)
{
	buf_u8(b, code);
	buf_u8(b, (uint8_t)length);
}

// --- RFC 4760 8 -------------------------------------------------------------------------------------

static bool mp_decode(struct cursor *c, struct capabilities *ret)
{
	if (cursor_left(c) != 4)
		return false;
	uint16_t afi = cursor_u16(c);
	cursor_u8(c); // reserved
	const struct af *af = af_by_code(afi, cursor_u8(c));

	ret->multiprotocol = true;
	if (af)
		ret->families |= af_bit(af);
	return true;
}

static void mp_encode(struct buf *b, const struct open *o)
{
	for (unsigned i = 0; i < af_count; i++) {
		if (!(o->caps.families & af_bit(af_list[i])))
			continue;
		put_head(b, CAPABILITY_MP, 4);
		buf_u16(b, af_list[i]->afi);
		buf_u8(b, 0);
		buf_u8(b, af_list[i]->safi);
	}
}

// --- capabilities without a value: RFC 2918, RFC 8654, RFC 7313 -----------------------------------------

// With a value it is not the capability that the RFC describes: not counted, and no reason to close.
static bool refresh_decode_capability(struct cursor *c, struct capabilities *ret)
{
	ret->refresh |= !cursor_left(c);
	return true;
}

static void refresh_encode_capability(struct buf *b, const struct open *o)
{
	if (o->caps.refresh)
		put_head(b, CAPABILITY_REFRESH, 0);
}

static bool extended_message_decode(struct cursor *c, struct capabilities *ret)
{
	ret->extended_message |= !cursor_left(c);
	return true;
}

static void extended_message_encode(struct buf *b, const struct open *o)
{
	if (o->caps.extended_message)
		put_head(b, CAPABILITY_EXTENDED_MESSAGE, 0);
}

static bool enhanced_refresh_decode(struct cursor *c, struct capabilities *ret)
{
	ret->enhanced_refresh |= !cursor_left(c);
	return true;
}

static void enhanced_refresh_encode(struct buf *b, const struct open *o)
{
	if (o->caps.enhanced_refresh)
		put_head(b, CAPABILITY_ENHANCED_REFRESH, 0);
}

// --- RFC 8950 4: NLRI of a family over next hops of the other address length ------------------------------

static bool extended_next_hop_decode(struct cursor *c, struct capabilities *ret)
{
	while (cursor_left(c) >= 6) {
		uint16_t afi = cursor_u16(c), safi = cursor_u16(c);
		unsigned bits = af_address_bits(cursor_u16(c));
		const struct af *af = safi <= UINT8_MAX ? af_by_code(afi, (uint8_t)safi) : NULL;

		if (af && bits == 128 && !(af->props & AF_WIDE))
			ret->extended_next_hop |= af_bit(af);
	}
	return true;
}

static void extended_next_hop_encode(struct buf *b, const struct open *o)
{
	size_t head = b->len;

	if (!o->caps.extended_next_hop)
		return;
	put_head(b, CAPABILITY_EXTENDED_NEXT_HOP, 0);
	for (unsigned i = 0; i < af_count; i++) {
		if (!(o->caps.extended_next_hop & af_bit(af_list[i])))
			continue;
		buf_u16(b, af_list[i]->afi);
		buf_u16(b, af_list[i]->safi);
		buf_u16(b, af_address_code(128));
	}
	buf_set_u8(b, head + 1, (uint8_t)(b->len - head - 2));
}

// --- RFC 4724 3 -------------------------------------------------------------------------------------

#define RESTART_BIT 0x8000

static bool graceful_decode(struct cursor *c, struct capabilities *ret)
{
	uint16_t head = cursor_u16(c);

	if (c->error || cursor_left(c) % 4)
		return true; // not usable, not fatal
	ret->graceful_restart = true;
	ret->graceful_restarting = head & RESTART_BIT;
	ret->graceful_time = head & 0x0fff;
	return true;
}

// Without families: we keep no forwarding state over a restart, but send and understand End-of-RIB.
static void graceful_encode(struct buf *b, const struct open *o)
{
	if (!o->caps.graceful_restart)
		return;
	put_head(b, CAPABILITY_GRACEFUL_RESTART, 2);
	buf_u16(b, (uint16_t)((o->caps.graceful_restarting ? RESTART_BIT : 0) |
			      (o->caps.graceful_time & 0x0fff)));
}

// --- RFC 6793 3 -------------------------------------------------------------------------------------

static bool as4_decode(struct cursor *c, struct capabilities *ret)
{
	if (cursor_left(c) != 4)
		return false;
	ret->as4 = true;
	ret->as4_number = cursor_u32(c);
	return true;
}

static void as4_encode(struct buf *b, const struct open *o)
{
	if (!o->caps.as4)
		return;
	put_head(b, CAPABILITY_AS4, 4);
	buf_u32(b, o->as);
}

static const struct capability_row rows[] = {
	{CAPABILITY_MP, mp_decode, mp_encode},
	{CAPABILITY_REFRESH, refresh_decode_capability, refresh_encode_capability},
	{CAPABILITY_EXTENDED_NEXT_HOP, extended_next_hop_decode, extended_next_hop_encode},
	{CAPABILITY_EXTENDED_MESSAGE, extended_message_decode, extended_message_encode},
	{CAPABILITY_GRACEFUL_RESTART, graceful_decode, graceful_encode},
	{CAPABILITY_AS4, as4_decode, as4_encode},
	{CAPABILITY_ENHANCED_REFRESH, enhanced_refresh_decode, enhanced_refresh_encode},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const struct capability_row *row_of(uint8_t code)
{
	for (unsigned i = 0; i < ROW_COUNT; i++)
		if (rows[i].code == code)
			return &rows[i];
	return NULL;
}

bool capabilities_decode(struct cursor c, struct capabilities *ret, struct buf *unknown,
			 struct fault *ret_fault)
{
	while (cursor_left(&c)) {
		uint8_t code = cursor_u8(&c);
		size_t length = cursor_u8(&c);
		struct cursor value = cursor_cut(&c, length);
		const struct capability_row *row = row_of(code);

		if (c.error || (row && !row->decode(&value, ret))) {
			*ret_fault = (struct fault){.code = BGP_ERROR_OPEN,
						    .subcode = OPEN_UNSPECIFIC,
						    .text = "malformed capability"};
			return false;
		}
		if (!row)
			buf_u8(unknown, code);
	}
	return true;
}

void capabilities_encode(struct buf *b, const struct open *o)
{
	for (unsigned i = 0; i < ROW_COUNT; i++)
		rows[i].encode(b, o);
}

// RFC 9072 2: the old form while it can hold them; a length octet of 255 announces the other.
void parameters_encode(struct buf *b, struct span capabilities)
{
	size_t length = capabilities.len;

	if (!length) {
		buf_u8(b, 0);
	} else if (length + 2 < UINT8_MAX) {
		buf_u8(b, (uint8_t)(length + 2));
		buf_u8(b, PARAMETER_CAPABILITIES);
		buf_u8(b, (uint8_t)length);
	} else {
		buf_u8(b, UINT8_MAX);
		buf_u8(b, PARAMETER_EXTENDED);
		buf_u16(b, (uint16_t)(length + 3));
		buf_u8(b, PARAMETER_CAPABILITIES);
		buf_u16(b, (uint16_t)length);
	}
	buf_put(b, capabilities.p, length);
}
