// BGP messages: bytes to structs and back. Pure: no state but what is passed, memory from the
// caller's arena, spans point into the message. A peer's fault is a value (struct fault), never
// an error code: it says the NOTIFICATION to send, or the RFC 7606 reaction.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "af/af.h"
#include "attr/attr.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/ip.h"

#define BGP_HEADER       19
#define BGP_MAX          4096 // without RFC 8654
#define BGP_MAX_EXTENDED 65535
#define BGP_AS_TRANS     23456

enum bgp_type { BGP_OPEN = 1, BGP_UPDATE, BGP_NOTIFICATION, BGP_KEEPALIVE, BGP_ROUTE_REFRESH };

enum bgp_error {
	BGP_ERROR_HEADER = 1,
	BGP_ERROR_OPEN,
	BGP_ERROR_UPDATE,
	BGP_ERROR_HOLD,
	BGP_ERROR_FSM,
	BGP_ERROR_CEASE,
	BGP_ERROR_REFRESH,
};

enum bgp_cease {
	CEASE_MAX_PREFIXES = 1,
	CEASE_SHUTDOWN,
	CEASE_DECONFIGURED,
	CEASE_RESET,
	CEASE_REJECTED,
	CEASE_CONFIG_CHANGE,
	CEASE_COLLISION,
	CEASE_RESOURCES,
};

struct fault {
	uint8_t code, subcode; // code 0: no fault that ends the session
	struct span data;      // for the NOTIFICATION; lives as long as message and arena
	const char *text;      // for the log; static
};

const char *bgp_error_text(uint8_t code);                     // "CEASE"
const char *bgp_suberror_text(uint8_t code, uint8_t subcode); // "Administrative Reset"

// --- framing ---------------------------------------------------------------------------------------
// Looks at the first bytes of a stream. Returns the length of the whole message, 0 if more bytes
// are needed to tell, or -1 with *ret_fault (RFC 4271 6.1). max: 4096, or 65535 when RFC 8654 holds
// (OPEN and KEEPALIVE stay at 4096).
int frame_length(const uint8_t *p, size_t n, unsigned max, struct fault *ret_fault);
void message_begin(struct buf *b, enum bgp_type type); // header with the length to be filled in
void message_end(struct buf *b, size_t begin);         // begin: b->len before message_begin

// --- OPEN ---------------------------------------------------------------------------------------------
enum capability_code {
	CAPABILITY_MP = 1,
	CAPABILITY_REFRESH = 2,
	CAPABILITY_ORF = 3,
	CAPABILITY_EXTENDED_NEXT_HOP = 5,
	CAPABILITY_EXTENDED_MESSAGE = 6,
	CAPABILITY_GRACEFUL_RESTART = 64,
	CAPABILITY_AS4 = 65,
	CAPABILITY_ENHANCED_REFRESH = 70,
};

struct capabilities {
	uint16_t families;  // bits by af_index of families that both we know and the peer named;
			    // none without multiprotocol: the classic family is then implied
	bool multiprotocol; // at least one MP capability was there (also of unknown families)
	bool refresh, enhanced_refresh, extended_message, as4, graceful_restart;
	bool conventional; // send no capability at all
	uint32_t as4_number;
	uint16_t
		extended_next_hop; // bits by af_index: NLRI family over an IPv6 next hop (RFC 8950)
	bool graceful_restarting;  // R bit
	uint16_t graceful_time;
};

struct open {
	uint8_t version;
	uint32_t as;        // true number: from capability 65 when there
	uint16_t hold_time; // seconds
	uint32_t router_id;
	struct capabilities caps;
	struct span unknown_codes; // capability codes that we do not know, for the log
};

// Message with header. False: *ret_fault is the NOTIFICATION (2/x). Contents that depend on the
// configuration (AS, hold time, identifier) are judged by sess.
bool open_decode(const uint8_t *p, size_t n, struct arena *a, struct open *ret,
		 struct fault *ret_fault);
void open_encode(struct buf *b,
		 const struct open *o); // RFC 9072 form when parameters exceed 255 bytes

// --- UPDATE ---------------------------------------------------------------------------------------
struct update_context {
	struct attr_context attr;
	uint16_t families; // bits: negotiated; NLRI of others is ignored (RFC 4760 section 8)
	uint16_t extended_next_hop;
	struct ip local,
		remote; // of the session: a next hop that is ours is senseless (RFC 4271 6.3)
};

struct nlri_run {
	const struct af *af;
	struct span bytes; // checked: nlri_get succeeds until its end; label_get reads their labels
	unsigned count;
	bool withdrawn; // else announced with the update's attributes
	struct span
		next_hop; // of announced ones: 4, 16 or 32 bytes, without distinguisher; goes in as ATTR_NEXT_HOP
};
// What makes no sense is left out rather than handed on (RFC 4271 6.3): senseless NLRI are missing
// from an announced run, and a run whose next hop is senseless comes as a withdrawn one, because it
// takes the place of what the peer said before. NLRI of unknown types are missing from both kinds
// of runs (RFC 7606 5.4). update.trouble tells.

enum update_verdict {
	UPDATE_OK,
	UPDATE_WITHDRAW, // treat-as-withdraw: announced runs are to be withdrawn (RFC 7606 section 2)
	UPDATE_RESET,    // fault is the NOTIFICATION to send
};

struct update {
	enum update_verdict verdict;
	struct fault fault; // with UPDATE_RESET
	const char *
		trouble; // why it was graded, for the log; NULL: nothing wrong. Also set for mere discards
	struct attrs attrs;      // canonical, without NEXT_HOP: each run has its own
	struct nlri_run runs[4]; // classic withdrawn, MP_UNREACH, MP_REACH, classic announced
	unsigned run_count;
	const struct af *end_of_rib; // this UPDATE is the End-of-RIB of the family (RFC 4724)
};

// Message with header. Every attribute is graded by its row (RFC 7606).
void update_decode(const uint8_t *p, size_t n, const struct update_context *x, struct arena *a,
		   struct update *ret);

// Attributes for the wire, ready to be copied in front of NLRI: everything but NEXT_HOP and
// MP_REACH. as4: else AS_PATH and AGGREGATOR are narrowed and AS4_* added (RFC 6793 4.2.2).
void attributes_encode(struct buf *b, const struct attrs *as, bool as4, struct arena *scratch);

// Builds UPDATE messages that share one attribute set, each packed up to max bytes. Usage: begin,
// key ... key, end. Messages are appended to b, each whole.
struct update_writer {
	struct buf *b;
	const struct af *af;
	unsigned max;
	bool withdraw, classic;
	struct span attributes; // attributes_encode's bytes; unused when withdraw
	struct span next_hop;   // 4, 16 or 32 bytes, without distinguisher
	uint32_t
		label; // of the keys that come next (AF_LABELED): the caller's to set; 0 from update_begin
	size_t begin;     // of the message being filled; SIZE_MAX: none
	size_t length_at; // of the length field being filled: withdrawn routes, or the MP attribute
	size_t tail;      // bytes that closing the message will add behind the NLRI
	unsigned messages, keys,
		too_long; // too_long: keys that did not fit in a message at all (RFC 4271 9.2)
};
// The classic form is taken when it is asked for and possible: family and next hop allow it.
void update_begin(struct update_writer *w, struct buf *b, const struct af *af, unsigned max,
		  bool classic);
void update_set(struct update_writer *w, struct span attributes,
		struct span next_hop); // closes the message being filled
void update_set_withdraw(struct update_writer *w);
void update_key(struct update_writer *w, const struct af_key *key);
void update_end(struct update_writer *w);
void end_of_rib_encode(struct buf *b, const struct af *af);

// --- the others ---------------------------------------------------------------------------------------
void keepalive_encode(struct buf *b);
void notification_encode(struct buf *b, uint8_t code, uint8_t subcode, const void *data, size_t n,
			 unsigned max);
struct notification {
	uint8_t code, subcode;
	struct span data;
	char shutdown_text[256]; // RFC 9003: printable, or hex when it is no UTF-8; "" none
};
bool notification_decode(const uint8_t *p, size_t n, struct notification *ret);
void shutdown_data(struct buf *b, const char *text); // RFC 9003 data field

enum refresh_subtype { REFRESH_REQUEST = 0, REFRESH_BEGIN = 1, REFRESH_END = 2 };
struct refresh {
	uint16_t afi;
	uint8_t safi, subtype;
	const struct af *af; // NULL: unknown family
	struct span rest;    // behind the four bytes (ORF entries)
};
void refresh_encode(struct buf *b, const struct af *af, enum refresh_subtype subtype);
// False: *ret_fault (7/1 when enhanced and subtype 1 or 2 has a bad length; header errors else).
// Without enhanced the octet is the reserved one of RFC 2918: subtype is then always REFRESH_REQUEST.
bool refresh_decode(const uint8_t *p, size_t n, bool enhanced, struct refresh *ret,
		    struct fault *ret_fault);
