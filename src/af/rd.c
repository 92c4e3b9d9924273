// Text of route distinguishers both ways (RFC 4364 4.2). An administrator of 2 octets with a number
// of 4, an address with a number of 2, or an administrator of 4 with a number of 2. Nothing here
// owns memory.
#include "af/rd.h"

#include "base/buf.h"
#include "base/cursor.h"
#include "base/ip.h"
#include "base/text.h"

#include <string.h>

enum rd_type { RD_AS2, RD_ADDRESS, RD_AS4 };

static void store_u16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void store_u32(uint8_t *p, uint32_t v)
{
	store_u16(p, v >> 16);
	store_u16(p + 2, v);
}

// A number of type 2 that is zero would be read as none.
bool rd_has_form(const uint8_t rd[RD_SIZE])
{
	return !rd[0] &&
	       (rd[1] <= RD_ADDRESS || (rd[1] == RD_AS4 && (rd[2] || rd[3] || rd[4] || rd[5])));
}

void rd_put(struct buf *b, const uint8_t rd[RD_SIZE])
{
	struct cursor c = cursor_of(rd, RD_SIZE);
	unsigned type = cursor_u16(&c);

	if (!rd_has_form(rd)) {
		buf_text(b, "0x");
		buf_hex(b, rd, RD_SIZE);
		return;
	}
	if (type == RD_AS2) {
		unsigned as = cursor_u16(&c);

		buf_format(b, "%u:%u", as, cursor_u32(&c));
		return;
	}
	uint32_t administrator = cursor_u32(&c);
	unsigned number = cursor_u16(&c);
	if (type == RD_ADDRESS) {
		struct ip ip = ip_from_u32(administrator);

		ip_put(b, &ip);
		buf_format(b, ":%u", number);
	} else {
		buf_format(b, administrator > UINT16_MAX ? "%u:%u" : "0.%u:%u", administrator,
			   number);
	}
}

static int digit_of(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static bool hex_get(const char *text, uint8_t ret[RD_SIZE])
{
	uint8_t value[RD_SIZE];

	if (strlen(text) != (size_t)2 * RD_SIZE)
		return false;
	for (unsigned i = 0; i < RD_SIZE; i++) {
		int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		value[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(ret, value, RD_SIZE);
	return true;
}

// A number that fits 2 octets is one of 4 when it is written as 0.N.
static bool as4_get(const char *text, uint32_t *ret)
{
	uint64_t low;

	if (strncmp(text, "0.", 2))
		return text_as_number(text, ret);
	if (!text_number(text + 2, 1, UINT16_MAX, &low))
		return false;
	*ret = (uint32_t)low;
	return true;
}

bool rd_get(const char *text, uint8_t ret[RD_SIZE])
{
	const char *colon = strrchr(text, ':');
	char administrator[IP_TEXT_MAX];
	size_t n = colon ? (size_t)(colon - text) : 0;
	uint8_t value[RD_SIZE] = {0};
	uint64_t number, as2;
	uint32_t as4;
	struct ip ip;

	if (!strncmp(text, "0x", 2))
		return hex_get(text + 2, ret);
	if (!colon || n >= sizeof(administrator) || !text_number(colon + 1, 0, UINT32_MAX, &number))
		return false;
	memcpy(administrator, text, n);
	administrator[n] = 0;
	if (text_number(administrator, 0, UINT16_MAX, &as2)) {
		store_u16(value + 2, (uint32_t)as2);
		store_u32(value + 4, (uint32_t)number);
		memcpy(ret, value, RD_SIZE);
		return true;
	}
	if (number > UINT16_MAX)
		return false;
	store_u16(value + 6, (uint32_t)number);
	if (ip_parse(administrator, &ip) && ip.bits == 32) {
		value[1] = RD_ADDRESS;
		memcpy(value + 2, ip.b, 4);
	} else if (as4_get(administrator, &as4)) {
		value[1] = RD_AS4;
		store_u32(value + 2, as4);
	} else {
		return false;
	}
	memcpy(ret, value, RD_SIZE);
	return true;
}
