// Which tables a display is about: the words `all`, `vpn-instance NAME` and `route-distinguisher RD`
// behind a family's selector, as a list of places. A place is one family of one instance. Names are
// copied, so that a place stays good while the display goes on and the configuration changes.
#pragma once

#include "af/rd.h"
#include "cmd/app.h"

struct place {
	uint16_t instance;            // number
	char name[INSTANCE_NAME_MAX]; // "" public
	uint32_t router_id;
	const struct af *af;
};

struct scope {
	bool all; // the family's own table, and those of every instance that exchanges routes with it
	bool by_rd; // only what stands under this distinguisher
	uint8_t rd[RD_SIZE];
	struct place *places;
	unsigned count;
};

// The tables of the line. false after cli_error (no BGP, no such instance).
bool scope_read(struct cli_call *c, struct scope *ret);
// The same for what belongs to peers: a distinguisher means the instance that has it.
bool scope_read_peers(struct cli_call *c, struct scope *ret);
// The family's own table, and those of the instances that belong to it.
void scope_of_family(struct app *a, const struct af *af, struct scope *ret);
void scope_free(struct scope *s);

static inline bool place_is_public(const struct place *p)
{
	return p->instance == INSTANCE_PUBLIC;
}
// The peer typed in the line, in the first of the places that knows it; *ret_place is that one.
// NULL after cli_error.
struct speaker_peer *scope_peer(struct cli_call *c, const struct scope *s,
				const struct place **ret_place);
bool place_has_peer(const struct place *p, const struct speaker_peer *peer);
void place_head(struct buf *b,
		const struct place *p);              // " VPN-Instance vpna, Router ID 10.1.1.1:\n"
void place_kind(struct buf *b, const struct af *af); // "IPv4-family", "IPv4-MVPN-family"
