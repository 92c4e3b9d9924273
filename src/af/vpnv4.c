// VPN-IPv4 unicast, AFI 1 SAFI 128 (RFC 4364 4.3.4): routes of VPN instances, carried between PEs and
// told apart by their distinguishers. The next hop has a distinguisher of zero in front (4.3.2).
#include "af/vpn_prefix.h"

#include "af/af_index.h"

extern const struct af af_ipv4_unicast;

const struct af af_vpnv4 = {
	.name = "vpnv4",
	.title = "VPNv4 Unicast",
	.view = "ipv4-family vpnv4",
	.prompt = "af-vpnv4",
	.selector = "vpnv4",
	.afi = 1,
	.safi = 128,
	.key_size = VPN_PREFIX4_KEY,
	.prefix_bits = 32,
	.props = AF_PREFIX | AF_UNICAST | AF_LABELED | AF_TARGETED | AF_NH_RD,
	.order = 30,
	.index = AF_INDEX_vpnv4,
	.nlri_get = vpn_prefix4_nlri_get,
	.nlri_check = vpn_prefix4_nlri_check,
	.nlri_put = vpn_prefix4_nlri_put,
	.nlri_size = vpn_prefix4_nlri_size,
	.prefix = vpn_prefix4_prefix,
	.from_prefix = vpn_prefix4_from_prefix,
	.text_put = vpn_prefix4_text_put,
	.text_get = vpn_prefix4_text_get,
	.compare = vpn_prefix4_compare,
	.senseless = vpn_prefix4_senseless,
	.label_get = vpn_label_get,
	.label_put = vpn_label_put,
	.label_withdraw = vpn_label_withdraw,
	.rd = vpn_prefix_rd,
	.inner = &af_ipv4_unicast,
	.to_inner = vpn_prefix4_to_inner,
	.from_inner = vpn_prefix4_from_inner,
};
