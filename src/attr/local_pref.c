// LOCAL_PREF (RFC 4271 5.1.5): 4 octets; ignored from outside the AS or confederation (RFC 5065 4
// lets it pass between member ASes). Errors: RFC 7606 7.5, treat-as-withdraw.
#include "attr/rows.h"

const struct attr_row attr_row_local_pref = {
	.type = ATTR_LOCAL_PREF,
	.flags = ATTR_WELL_KNOWN,
	.scope = ATTR_SCOPE_CONFED,
	.size = 4,
	.name = "LOCAL_PREF",
	.on_flags = ATTR_FAULT_WITHDRAW,
	.on_length = ATTR_FAULT_WITHDRAW,
	.text = text_number_u32,
	.rfc = "RFC 4271 5.1.5, RFC 7606 7.5",
};
