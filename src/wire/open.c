// OPEN messages (RFC 4271 4.2, 6.2; RFC 5492; RFC 9072). Reading yields struct open with the peer's
// capabilities; what is wrong whatever our configuration says is refused here: version, AS 0,
// identifier 0, hold times of one and two seconds, optional parameters that do not parse. Whether
// the numbers are those that we expect is for the session to judge.
#include "wire/wire_private.h"

#define BGP_VERSION            4
#define PARAMETER_CAPABILITIES 2
#define PARAMETER_EXTENDED     255

static bool refuse(struct fault *f, enum open_error subcode, const char *text)
{
	*f = (struct fault){.code = BGP_ERROR_OPEN, .subcode = (uint8_t)subcode, .text = text};
	return false;
}

// The parameters of either form: the type has one octet, the length one or two.
static bool parameters_decode(struct cursor c, bool extended, struct open *o, struct buf *unknown,
			      struct fault *ret_fault)
{
	while (cursor_left(&c)) {
		uint8_t type = cursor_u8(&c);
		size_t length = extended ? cursor_u16(&c) : cursor_u8(&c);
		struct cursor value = cursor_cut(&c, length);

		if (c.error)
			return refuse(ret_fault, OPEN_UNSPECIFIC,
				      "optional parameter overruns its field");
		if (type != PARAMETER_CAPABILITIES)
			return refuse(ret_fault, OPEN_UNSUPPORTED_PARAMETER,
				      "unsupported optional parameter");
		if (!capabilities_decode(value, &o->caps, unknown, ret_fault))
			return false;
	}
	return true;
}

// RFC 9072 2: a first parameter of type 255 makes the form the extended one, whatever the octet of
// the old length says, as long as that is not 0.
static bool optional_decode(struct cursor *c, struct open *o, struct buf *unknown,
			    struct fault *ret_fault)
{
	size_t length = cursor_u8(c);
	bool extended = length && cursor_left(c) && c->p[0] == PARAMETER_EXTENDED;

	if (extended) {
		cursor_u8(c);
		length = cursor_u16(c);
	}
	struct cursor parameters = cursor_cut(c, length);
	if (c->error || cursor_left(c))
		return refuse(ret_fault, OPEN_UNSPECIFIC,
			      "length of optional parameters does not fit the message");
	return parameters_decode(parameters, extended, o, unknown, ret_fault);
}

bool open_decode(const uint8_t *p, size_t n, struct arena *a, struct open *ret,
		 struct fault *ret_fault)
{
	static const uint8_t supported[] = {0, BGP_VERSION};
	struct cursor c = cursor_of(p, n);
	struct open o = {0};
	struct buf unknown = {0};

	cursor_take(&c, BGP_HEADER);
	o.version = cursor_u8(&c);
	o.as = cursor_u16(&c);
	o.hold_time = cursor_u16(&c);
	o.router_id = cursor_u32(&c);
	if (c.error || !cursor_left(&c)) {
		*ret_fault = fault_bad_length(p);
		return false;
	}
	if (o.version != BGP_VERSION) {
		refuse(ret_fault, OPEN_UNSUPPORTED_VERSION, "unsupported version");
		ret_fault->data = (struct span){.p = supported, .len = sizeof(supported)};
		return false;
	}
	bool fine = optional_decode(&c, &o, &unknown, ret_fault);
	if (fine)
		o.unknown_codes = (struct span){.p = arena_copy(a, unknown.data, unknown.len),
						.len = unknown.len};
	buf_free(&unknown);
	if (!fine)
		return false;
	if (!o.as || (o.caps.as4 && !o.caps.as4_number))
		return refuse(ret_fault, OPEN_BAD_PEER_AS, "AS 0"); // RFC 7607
	if (o.hold_time == 1 || o.hold_time == 2)
		return refuse(ret_fault, OPEN_BAD_HOLD_TIME,
			      "hold time of less than three seconds");
	if (!o.router_id)
		return refuse(ret_fault, OPEN_BAD_IDENTIFIER, "BGP identifier 0"); // RFC 6286
	if (o.caps.as4)
		o.as = o.caps.as4_number;
	*ret = o;
	return true;
}

void open_encode(struct buf *b, const struct open *o)
{
	size_t begin = b->len;
	struct buf capabilities = {0};

	if (!o->caps.conventional)
		capabilities_encode(&capabilities, o);
	message_begin(b, BGP_OPEN);
	buf_u8(b, BGP_VERSION);
	buf_u16(b, (uint16_t)(o->as > UINT16_MAX ? BGP_AS_TRANS : o->as)); // RFC 6793 4.2.1
	buf_u16(b, o->hold_time);
	buf_u32(b, o->router_id);
	parameters_encode(b, (struct span){.p = capabilities.data, .len = capabilities.len});
	message_end(b, begin);
	buf_free(&capabilities);
}
