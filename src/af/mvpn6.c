// Multicast VPNs with IPv6 customers, AFI 2 SAFI 5 (RFC 6514).
#include "af/mvpn_nlri.h"

#include "af/af_index.h"

static const char *const samples[] = {"1 100:1 10.0.0.1",
				      "1 10.0.0.1:1 2001:DB8::1",
				      "2 100:1 65000",
				      "3 100:1 2001:DB8:1::1 FF0E::1 10.0.0.1",
				      "3 100:1 * FF0E::1 2001:DB8::1",
				      "3 65536:1 * * 10.0.0.1",
				      "4 [1 100:1 10.0.0.1] 10.0.0.2",
				      "4 [2 100:1 65000] 10.0.0.2",
				      "4 [3 100:1 2001:DB8:1::1 FF0E::1 2001:DB8::1] 2001:DB8::2",
				      "5 100:1 2001:DB8:1::1 FF0E::1",
				      "5 100:1 2001:DB8:1::1 FF3E::1",
				      "6 100:1 65000 2001:DB8:1::1 FF0E::1",
				      "7 100:1 65000 2001:DB8:1::1 FF0E::1",
				      NULL};

const struct af af_mvpn6 = {
	.name = "mvpn6",
	.title = "IPv6 MVPN",
	.view = "ipv6-family mvpn",
	.prompt = "af-mvpnv6",
	.selector = "mvpn vpnv6",
	.afi = 2,
	.safi = 5,
	.key_size = MVPN6_KEY,
	.props = AF_TYPED | AF_TARGETED | AF_NH_ANY | AF_SELECT_NARROW,
	.order = 80,
	.index = AF_INDEX_mvpn6,
	.nlri_get = mvpn6_nlri_get,
	.nlri_check = mvpn6_nlri_check,
	.nlri_put = mvpn_nlri_put,
	.nlri_size = mvpn_nlri_size,
	.text_put = mvpn6_text_put,
	.text_get = mvpn6_text_get,
	.compare = mvpn_compare,
	.senseless = mvpn6_senseless,
	.samples = samples,
	.rd = mvpn_rd,
	.inner = &af_mvpn6,
	.to_inner = mvpn_to_inner,
	.from_inner = mvpn_from_inner,
	.route_type = mvpn_route_type,
	.types = mvpn_types,
};
