// IPv4 multicast, AFI 1 SAFI 2 (RFC 4760 6): routes used for reverse path forwarding only, a table
// of its own. Plain `refresh bgp` covers it together with IPv4 unicast.
#include "af/prefix.h"

#include "af/af_index.h"

const struct af af_ipv4_multicast = {
	.name = "ipv4-multicast",
	.title = "IPv4 Multicast",
	.view = "ipv4-family multicast",
	.prompt = "af-multicast",
	.selector = "multicast",
	.afi = 1,
	.safi = 2,
	.key_size = PREFIX4_KEY,
	.prefix_bits = 32,
	.props = AF_PREFIX | AF_ORIGINATE | AF_LIKE_CLASSIC | AF_INSTANCE | AF_SELECT_NARROW |
		 AF_SELECT_NARROW_INSTANCE,
	.order = 20,
	.index = AF_INDEX_ipv4_multicast,
	.nlri_get = prefix4_nlri_get,
	.nlri_check = prefix4_check_any,
	.nlri_put = prefix4_nlri_put,
	.nlri_size = prefix4_nlri_size,
	.prefix = prefix4_prefix,
	.from_prefix = prefix4_from_prefix,
	.text_put = prefix4_text_put,
	.text_get = prefix4_text_get,
	.compare = prefix4_compare,
	.senseless = prefix_senseless_never,
	.instance_view = "ipv4-multicast vpn-instance",
	.instance_prompt = "-bgp-multicast-",
	.instance_selector = "multicast",
};
