// MULTI_EXIT_DISC (RFC 4271 5.1.4): 4 octets. Errors: RFC 7606 7.4, treat-as-withdraw.
#include "attr/rows.h"

const struct attr_row attr_row_med = {
	.type = ATTR_MED,
	.flags = ATTR_OPTIONAL,
	.size = 4,
	.name = "MULTI_EXIT_DISC",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.text = text_number_u32,
	.rfc = "RFC 4271 5.1.4, RFC 7606 7.4",
};
