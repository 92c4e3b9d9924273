// IPv4 unicast, AFI 1 SAFI 1: the family of RFC 4271 itself, which may ride in the message's own
// NLRI and NEXT_HOP fields as well as in the attributes of RFC 4760.
#include "af/prefix.h"

#include "af/af_index.h"

const struct af af_ipv4_unicast = {
	.name = "ipv4-unicast",
	.title = "IPv4 Unicast",
	.view = "ipv4-family unicast",
	.prompt = "af-ipv4",
	.selector = "",
	.afi = 1,
	.safi = 1,
	.key_size = PREFIX4_KEY,
	.prefix_bits = 32,
	.props = AF_PREFIX | AF_CLASSIC | AF_DEFAULT_ON | AF_ORIGINATE | AF_UNICAST | AF_INSTANCE |
		 AF_SELECT_NARROW_INSTANCE,
	.order = 10,
	.index = AF_INDEX_ipv4_unicast,
	.nlri_get = prefix4_nlri_get,
	.nlri_check = prefix4_check_unicast,
	.nlri_put = prefix4_nlri_put,
	.nlri_size = prefix4_nlri_size,
	.prefix = prefix4_prefix,
	.from_prefix = prefix4_from_prefix,
	.text_put = prefix4_text_put,
	.text_get = prefix4_text_get,
	.compare = prefix4_compare,
	.senseless = prefix4_senseless_unicast,
	.instance_view = "ipv4-family vpn-instance",
	.instance_prompt = "-bgp-",
	.instance_selector = "ipv4-family",
	.reset_word = "ipv4",
};
