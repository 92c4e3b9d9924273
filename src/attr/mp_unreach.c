// MP_UNREACH_NLRI (RFC 4760): a carrier of NLRI, taken apart by the message reader and never an
// entry of a list. Here is what every attribute has: flags, name, and that its errors end the
// session (RFC 7606 5.3, 7.12).
#include "attr/rows.h"

const struct attr_row attr_row_mp_unreach = {
	.type = ATTR_MP_UNREACH,
	.flags = ATTR_OPTIONAL,
	.subcode = SUBCODE_OPTIONAL,
	.name = "MP_UNREACH_NLRI",
	.on_flags = ATTR_FAULT_RESET,
	.on_length = ATTR_FAULT_RESET,
	.rfc = "RFC 4760 4, RFC 7606 5.3",
};
