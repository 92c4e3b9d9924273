// Which tables take a route of one table, and why others do not: of a route of the VPN tables every
// instance, of one of an instance the VPN tables. By the rules of the exchange itself (tie_let_in,
// tie_let_out), and compared with what is lent.
#pragma once

#include "rib/explain.h"
#include "vpn/exchange.h"

// Links as another configuration has them.
struct exchange_candidate {
	const struct vpn_link *(*link)(void *arg, uint16_t instance,
				       const struct af *inner); // NULL: none
	void *arg;
};

// Tells steps of policies, then EXPLAIN_TABLE, for each. candidate NULL: what runs. What the route is,
// is the best path that stands.
void exchange_explain(struct exchange *x, uint16_t instance, const struct rib_explain_want *want,
		      const struct exchange_candidate *candidate, rib_explain_sink *sink,
		      void *arg);
