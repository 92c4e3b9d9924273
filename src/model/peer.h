// What the topics about peers share: group.c, peer_session.c, peer_family.c, compile_peer.c.
#pragma once

#include "model/private.h"

#define PEER "peer { ipv4-address | ipv6-address | group-name } "

extern const struct meaning means_as;     // peer X as-number N
extern const struct meaning means_member; // peer X group G, in any view
extern const struct meaning means_enable; // peer X enable
extern const struct meaning means_client; // peer X reflect-client

// Stores `peer X enable` in the views of the families that a new peer of that address speaks by
// itself. e stands in the BGP view.
void peer_enable_new(struct conf_edit *e, const char *peer);
bool enabled_by_default(const struct scope *s, const struct af *af, const char *peer);
void peers_enable_again(struct conf_edit *e); // of every peer
// Stores `undo peer X enable` where a peer does not speak the family only because that was not the
// default when it was made, which it is to be now.
void peers_stay_off(struct conf_edit *e, const struct af *af);
// Removes all that is said about a peer or a group, from the BGP view on down.
void peer_forget(struct conf_edit *e, const char *name);

// compile_peer.c: groups and peers of the scope into b->config.
void build_peers(struct build *b);
// The route-policy that rejects everything; its name cannot be typed.
#define POLICY_NOTHING "\x01nothing"
