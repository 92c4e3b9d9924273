// Sweeps: the walk that brings stored verdicts up to a new generation, in slices, while live
// routes come and go. soft/ owns them and decides when; the rib knows how. A sweep survives any
// change of the table between its slices; routes that came in after it began were judged by the
// newest program already and are skipped by their generation. Where programs differ for some
// routes only, the others are passed by and counted as seen.
#pragma once

#include "rib/rib.h"

enum sweep_kind {
	SWEEP_IMPORT, // re-run import on stored routes of the peers in the set
	SWEEP_EXPORT, // re-run export of the groups of the peers in the set
	SWEEP_DECIDE, // re-decide every destination of the family
};

struct sweep;
// peers: a bit per peer (RIB_PEERS_MAX bits), copied. generation: verdicts of this or a newer one
// are left alone (0: judge all again).
struct sweep *sweep_new(struct rib *r, enum sweep_kind kind, const struct af *af,
			const uint64_t *peers, uint32_t generation);
bool sweep_step(struct sweep *s, rib_deadline *over, void *arg); // true: more to do
void sweep_counts(const struct sweep *s, struct sweep_counts *ret);
void sweep_peer_counts(const struct sweep *s, uint16_t peer, struct sweep_counts *ret);
unsigned sweep_percent(const struct sweep *s);
void sweep_free(struct sweep *s);
