// One peer in one family as the displays show it: filled once (peer_record_fill), printed as a table
// row, in detail, or as JSON.
#pragma once

#include "cmd/scope.h"

struct json_t;

struct peer_record {
	const struct peer_config *config;
	struct sess *session;
	const struct sess_negotiated *negotiated; // NULL unless Established
	const struct sess_counters *counters;
	struct rib_counts routes;
	const struct place *place;
	const struct af *af; // the place's
	uint16_t number;
	char address[IP_TEXT_MAX];
	char state[24];
	uint32_t as;
};

void peer_record_fill(struct app *a, struct speaker_peer *p, const struct place *place,
		      struct peer_record *ret);
struct json_t *peer_json(const struct peer_record *r);
void peer_row_head(struct buf *b);
void peer_row(struct buf *b, const struct peer_record *r);
void display_verbose(struct cli_call *c); // peer [ X ] verbose

// Peers of a scope as tables: the head with their numbers, the place's own peers, then a block for
// each VPN instance. want: NULL, or which peers are meant.
typedef bool peer_want(const struct speaker_peer *p, const void *arg);
void peers_show(struct cli_call *c, const struct scope *s, peer_want *want, const void *arg);
