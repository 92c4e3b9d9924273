// NOTIFICATION (RFC 4271 4.5, 6; RFC 4486; RFC 6608; RFC 9003) and the names of its codes, which are
// those of the registry in VRP's spelling. Text from a peer becomes printable here, so that neither
// a log line nor a display can be forged with it (RFC 9003 6).
#include "wire/wire_private.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define SHUTDOWN_TEXT_MAX 128 // more only to those known to take it (RFC 9003 3)

struct suberror {
	uint8_t code, subcode;
	const char *text;
};

static const char *const errors[] = {
	[BGP_ERROR_HEADER] = "MESSAGE HEADER ERROR",
	[BGP_ERROR_OPEN] = "OPEN MESSAGE ERROR",
	[BGP_ERROR_UPDATE] = "UPDATE MESSAGE ERROR",
	[BGP_ERROR_HOLD] = "HOLD TIMER EXPIRED",
	[BGP_ERROR_FSM] = "FINITE STATE MACHINE ERROR",
	[BGP_ERROR_CEASE] = "CEASE",
	[BGP_ERROR_REFRESH] = "ROUTE-REFRESH MESSAGE ERROR",
};

static const struct suberror suberrors[] = {
	{BGP_ERROR_HEADER, 1, "Connection Not Synchronized"},
	{BGP_ERROR_HEADER, 2, "Bad Message Length"},
	{BGP_ERROR_HEADER, 3, "Bad Message Type"},
	{BGP_ERROR_OPEN, 1, "Unsupported Version Number"},
	{BGP_ERROR_OPEN, 2, "Bad Peer AS"},
	{BGP_ERROR_OPEN, 3, "Bad BGP Identifier"},
	{BGP_ERROR_OPEN, 4, "Unsupported Optional Parameter"},
	{BGP_ERROR_OPEN, 6, "Unacceptable Hold Time"},
	{BGP_ERROR_OPEN, 7, "Unsupported Capability"},
	{BGP_ERROR_OPEN, 11, "Role Mismatch"},
	{BGP_ERROR_UPDATE, 1, "Malformed Attribute List"},
	{BGP_ERROR_UPDATE, 2, "Unrecognized Well-known Attribute"},
	{BGP_ERROR_UPDATE, 3, "Missing Well-known Attribute"},
	{BGP_ERROR_UPDATE, 4, "Attribute Flags Error"},
	{BGP_ERROR_UPDATE, 5, "Attribute Length Error"},
	{BGP_ERROR_UPDATE, 6, "Invalid ORIGIN Attribute"},
	{BGP_ERROR_UPDATE, 8, "Invalid NEXT_HOP Attribute"},
	{BGP_ERROR_UPDATE, 9, "Optional Attribute Error"},
	{BGP_ERROR_UPDATE, 10, "Invalid Network Field"},
	{BGP_ERROR_UPDATE, 11, "Malformed AS_PATH"},
	{BGP_ERROR_FSM, 1, "Receive Unexpected Message in OpenSent State"},
	{BGP_ERROR_FSM, 2, "Receive Unexpected Message in OpenConfirm State"},
	{BGP_ERROR_FSM, 3, "Receive Unexpected Message in Established State"},
	{BGP_ERROR_CEASE, CEASE_MAX_PREFIXES, "Maximum Number of Prefixes Reached"},
	{BGP_ERROR_CEASE, CEASE_SHUTDOWN, "Administrative Shutdown"},
	{BGP_ERROR_CEASE, CEASE_DECONFIGURED, "Peer De-configured"},
	{BGP_ERROR_CEASE, CEASE_RESET, "Administrative Reset"},
	{BGP_ERROR_CEASE, CEASE_REJECTED, "Connection Rejected"},
	{BGP_ERROR_CEASE, CEASE_CONFIG_CHANGE, "Other Configuration Change"},
	{BGP_ERROR_CEASE, CEASE_COLLISION, "Connection Collision Resolution"},
	{BGP_ERROR_CEASE, CEASE_RESOURCES, "Out of Resources"},
	{BGP_ERROR_CEASE, 9, "Hard Reset"},
	{BGP_ERROR_REFRESH, 1, "Invalid Message Length"},
};

const char *bgp_error_text(uint8_t code)
{
	if (code < sizeof(errors) / sizeof(errors[0]) && errors[code])
		return errors[code];
	return "UNKNOWN ERROR";
}

const char *bgp_suberror_text(uint8_t code, uint8_t subcode)
{
	for (unsigned i = 0; i < sizeof(suberrors) / sizeof(suberrors[0]); i++)
		if (suberrors[i].code == code && suberrors[i].subcode == subcode)
			return suberrors[i].text;
	return subcode ? "Unknown" : "Unspecific";
}

void notification_encode(struct buf *b, uint8_t code, uint8_t subcode, const void *data, size_t n,
			 unsigned max)
{
	size_t begin = b->len, room = max - BGP_HEADER - 2;

	message_begin(b, BGP_NOTIFICATION);
	buf_u8(b, code);
	buf_u8(b, subcode);
	buf_put(b, data, n < room ? n : room); // RFC 8654 5: what does not fit is cut off
	message_end(b, begin);
}

static bool is_shutdown(uint8_t code, uint8_t subcode)
{
	return code == BGP_ERROR_CEASE && (subcode == CEASE_SHUTDOWN || subcode == CEASE_RESET);
}

// Control characters of ASCII and of Latin-1 (two octets in UTF-8) become question marks.
static void copy_printable(char *to, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool control = p[i] < 0x20 || p[i] == 0x7f;
		bool wide = p[i] == 0xc2 && i + 1 < n && p[i + 1] < 0xa0;

		to[i] = control || wide ? '?' : (char)p[i];
		if (wide)
			to[++i] = '?';
	}
	to[n] = 0;
}

static void copy_hex(char to[256], const uint8_t *p, size_t n)
{
	to[0] = 0;
	for (size_t i = 0; i < n && i < 127; i++)
		snprintf(to + 2 * i, 3, "%02x", p[i]);
}

static void shutdown_text(struct cursor c, char to[256])
{
	struct span all = span_of(c.p, c.end);
	size_t n = cursor_u8(&c);
	const uint8_t *p = cursor_take(&c, n);

	if (p && text_is_utf8(p, n) && !memchr(p, 0, n))
		copy_printable(to, p, n);
	else
		copy_hex(to, all.p, all.len);
}

bool notification_decode(const uint8_t *p, size_t n, struct notification *ret)
{
	struct cursor c = cursor_of(p, n);

	cursor_take(&c, BGP_HEADER);
	*ret = (struct notification){0};
	ret->code = cursor_u8(&c);
	ret->subcode = cursor_u8(&c);
	ret->data = span_of(c.p, c.end);
	if (c.error)
		return false;
	if (ret->data.len && is_shutdown(ret->code, ret->subcode))
		shutdown_text(c, ret->shutdown_text);
	return true;
}

void shutdown_data(struct buf *b, const char *text)
{
	size_t n = strlen(text);

	if (n > SHUTDOWN_TEXT_MAX) {
		n = SHUTDOWN_TEXT_MAX;
		while (n && ((uint8_t)text[n] & 0xc0) == 0x80)
			n--; // not inside a character
	}
	if (!text_is_utf8((const uint8_t *)text, n))
		n = 0;
	if (!n)
		return;
	buf_u8(b, (uint8_t)n);
	buf_put(b, text, n);
}
