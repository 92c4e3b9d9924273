// Memberships in route targets (RFC 4684) as the control thread keeps them: what each peer has
// announced, and the list of targets to which its VPN routes are narrowed. One struct per peer.
#pragma once

#include "af/af.h"
#include "policy/policy.h"

struct membership; // of one peer

struct membership *membership_new(void);
void membership_free(struct membership *m);
// From rib_ops.member, by way of the shard that owns the key. True: the list has changed.
bool membership_set(struct membership *m, const struct af *af, const struct af_key *key,
		    bool counts);
void membership_clear(struct membership *m); // the session is over
// The list for policy_program_constrain: sorted, without duplicates, and without targets that a
// shorter entry covers; good until the next call. Origin AS numbers make no difference here.
unsigned membership_targets(struct membership *m, const struct policy_target **ret);
