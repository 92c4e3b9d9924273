// Multicast VPNs with IPv4 customers, AFI 1 SAFI 5 (RFC 6514): who takes part, which tunnels carry
// what, which sources send, and the joins of the customers.
#include "af/mvpn_nlri.h"

#include "af/af_index.h"

static const char *const samples[] = {"1 100:1 10.0.0.1",
				      "1 10.0.0.1:1 2001:DB8::1",
				      "2 100:1 65000",
				      "3 100:1 10.1.1.1 225.1.1.1 10.0.0.1",
				      "3 100:1 * 225.1.1.1 2001:DB8::1",
				      "3 65536:1 * * 10.0.0.1",
				      "4 [1 100:1 10.0.0.1] 10.0.0.2",
				      "4 [2 100:1 65000] 10.0.0.2",
				      "4 [3 100:1 10.1.1.1 225.1.1.1 2001:DB8::1] 2001:DB8::2",
				      "5 100:1 10.1.1.1 225.1.1.1",
				      "5 100:1 10.1.1.1 232.1.1.1",
				      "6 100:1 65000 10.1.1.1 225.1.1.1",
				      "7 100:1 65000 10.1.1.1 225.1.1.1",
				      NULL};

const struct af af_mvpn = {
	.name = "mvpn",
	.title = "IPv4 MVPN",
	.view = "ipv4-family mvpn",
	.prompt = "af-mvpn",
	.selector = "mvpn",
	.afi = 1,
	.safi = 5,
	.key_size = MVPN4_KEY,
	.props = AF_TYPED | AF_TARGETED | AF_NH_ANY | AF_SELECT_NARROW,
	.order = 50,
	.index = AF_INDEX_mvpn,
	.nlri_get = mvpn4_nlri_get,
	.nlri_check = mvpn4_nlri_check,
	.nlri_put = mvpn_nlri_put,
	.nlri_size = mvpn_nlri_size,
	.text_put = mvpn4_text_put,
	.text_get = mvpn4_text_get,
	.compare = mvpn_compare,
	.senseless = mvpn4_senseless,
	.samples = samples,
	.rd = mvpn_rd,
	.inner = &af_mvpn,
	.to_inner = mvpn_to_inner,
	.from_inner = mvpn_from_inner,
	.route_type = mvpn_route_type,
	.types = mvpn_types,
};
