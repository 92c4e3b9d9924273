// IPv6 unicast, AFI 2 SAFI 1 (RFC 2545): next hops of 16 octets, or of 32 with a link-local address
// behind the global one.
#include "af/prefix.h"

#include "af/af_index.h"

const struct af af_ipv6_unicast = {
	.name = "ipv6-unicast",
	.title = "IPv6 Unicast",
	.view = "ipv6-family unicast",
	.prompt = "af-ipv6",
	.selector = "ipv6",
	.afi = 2,
	.safi = 1,
	.key_size = PREFIX6_KEY,
	.prefix_bits = 128,
	.props = AF_PREFIX | AF_ORIGINATE | AF_NH_LINK_LOCAL | AF_WIDE | AF_UNICAST | AF_INSTANCE,
	.order = 60,
	.index = AF_INDEX_ipv6_unicast,
	.nlri_get = prefix6_nlri_get,
	.nlri_check = prefix6_check_unicast,
	.nlri_put = prefix6_nlri_put,
	.nlri_size = prefix6_nlri_size,
	.prefix = prefix6_prefix,
	.from_prefix = prefix6_from_prefix,
	.text_put = prefix6_text_put,
	.text_get = prefix6_text_get,
	.compare = prefix6_compare,
	.senseless = prefix6_senseless_unicast,
	.instance_view = "ipv6-family vpn-instance",
	.instance_prompt = "-bgp-6-",
	.instance_selector = "ipv6-family",
};
