// VPN-IPv6 unicast, AFI 2 SAFI 128 (RFC 4659): as VPN-IPv4, with next hops of 24 octets, or of 48
// with a link-local address, each with a distinguisher of zero in front (3.2.1).
#include "af/vpn_prefix.h"

#include "af/af_index.h"

extern const struct af af_ipv6_unicast;

const struct af af_vpnv6 = {
	.name = "vpnv6",
	.title = "VPNv6 Unicast",
	.view = "ipv6-family vpnv6",
	.prompt = "af-vpnv6",
	.selector = "vpnv6",
	.afi = 2,
	.safi = 128,
	.key_size = VPN_PREFIX6_KEY,
	.prefix_bits = 128,
	.props = AF_PREFIX | AF_WIDE | AF_UNICAST | AF_LABELED | AF_TARGETED | AF_NH_RD |
		 AF_NH_LINK_LOCAL | AF_SELECT_NARROW,
	.order = 70,
	.index = AF_INDEX_vpnv6,
	.nlri_get = vpn_prefix6_nlri_get,
	.nlri_check = vpn_prefix6_nlri_check,
	.nlri_put = vpn_prefix6_nlri_put,
	.nlri_size = vpn_prefix6_nlri_size,
	.prefix = vpn_prefix6_prefix,
	.from_prefix = vpn_prefix6_from_prefix,
	.text_put = vpn_prefix6_text_put,
	.text_get = vpn_prefix6_text_get,
	.compare = vpn_prefix6_compare,
	.senseless = vpn_prefix6_senseless,
	.label_get = vpn_label_get,
	.label_put = vpn_label_put,
	.label_withdraw = vpn_label_withdraw,
	.rd = vpn_prefix_rd,
	.inner = &af_ipv6_unicast,
	.to_inner = vpn_prefix6_to_inner,
	.from_inner = vpn_prefix6_from_inner,
};
