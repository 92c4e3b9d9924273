// Circumstances of a session in tests of the codec. The session is one between 192.0.2.1 (we) and
// 192.0.2.2.
#include "options.h"

#include <string.h>

// Bits of the packed octet.
enum {
	AS2 = 1,
	INTERNAL = 2,
	CONFED = 4,
	ENHANCED = 8,
	EXTENDED = 16,
	NEXT_HOP = 32,
	CLASSIC = 64
};

static uint16_t all_families(void)
{
	return (uint16_t)((1u << af_count) - 1);
}

struct wire_options wire_options_default(void)
{
	return (struct wire_options){.as4 = true, .families = all_families(), .max = BGP_MAX};
}

bool wire_options_set(struct wire_options *o, const char *word)
{
	if (!strcmp(word, "as2"))
		o->as4 = false;
	else if (!strcmp(word, "internal"))
		o->internal = true;
	else if (!strcmp(word, "confed"))
		o->confed = true;
	else if (!strcmp(word, "enhanced"))
		o->enhanced = true;
	else if (!strcmp(word, "extended-message"))
		o->max = BGP_MAX_EXTENDED;
	else
		return false;
	return true;
}

struct update_context wire_options_context(const struct wire_options *o)
{
	return (struct update_context){
		.attr = {.as4 = o->as4, .internal = o->internal, .confed = o->confed},
		.families = o->families,
		.extended_next_hop = o->extended_next_hop,
		.local = ip_from_u32(0xc0000201),
		.remote = ip_from_u32(0xc0000202),
	};
}

uint8_t wire_options_pack(const struct wire_options *o)
{
	return (uint8_t)((o->as4 ? 0 : AS2) | (o->internal ? INTERNAL : 0) |
			 (o->confed ? CONFED : 0) | (o->enhanced ? ENHANCED : 0) |
			 (o->max > BGP_MAX ? EXTENDED : 0) | (o->extended_next_hop ? NEXT_HOP : 0) |
			 (o->families == af_bit(af_classic()) ? CLASSIC : 0));
}

struct wire_options wire_options_unpack(uint8_t octet)
{
	return (struct wire_options){
		.as4 = !(octet & AS2),
		.internal = octet & INTERNAL,
		.confed = octet & CONFED,
		.enhanced = octet & ENHANCED,
		.families = octet & CLASSIC ? af_bit(af_classic()) : all_families(),
		.extended_next_hop = octet & NEXT_HOP ? all_families() : 0,
		.max = octet & EXTENDED ? BGP_MAX_EXTENDED : BGP_MAX,
	};
}
