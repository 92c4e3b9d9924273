// Reading UPDATE messages (RFC 4271 4.3, 6.3; RFC 4760; RFC 7606; RFC 6793; RFC 8950;
// next hops of VPN families: RFC 4364 4.3.2, RFC 4659 3.2.1, RFC 4684 4).
//
// The message is cut in its three fields first, so that whatever happens among the attributes the
// NLRI are found (RFC 7606 4). Then: withdrawn routes, one walk over the attributes, the runs of
// NLRI, the AS numbers of old speakers, and the judgement. A fault never ends the walk unless it
// ends the session: each is graded, and the strongest grade is the verdict (RFC 7606 3 (h)).
//
// Nothing is copied but what has to change its form: spans point into the message, the rest into
// the caller's arena. All sizes are the peer's claims until a cursor has cut them out.
#include "wire/wire_private.h"

#include <string.h>

// Unknown attributes beyond this many are not passed on: the list has to hold all known ones too.
#define UNKNOWN_MAX 32

// The NLRI of one MP attribute.
struct mp {
	bool there;
	const struct af *af; // NULL: not ours to read
	struct span nlri, next_hop;
};

struct reader {
	const struct update_context *x;
	struct arena *arena;
	struct update *u;
	struct cursor withdrawn, attributes, nlri; // the three fields
	uint32_t seen[8];                          // types met, a bit each
	unsigned attribute_count, unknown_count;
	enum attr_fault worst;
	bool overrun; // attributes ended before their time
	struct mp reach, unreach;
	struct attr next_hop;                 // of the classic NLRI; value NULL: none
	struct attr as4_path, as4_aggregator; // until the merge; value NULL: none
};

// Notes a fault. The worst so far decides what is said and, should it end the session, is sent.
static void grade(struct reader *r, enum attr_fault fault, uint8_t subcode, struct span data,
		  const char *text)
{
	if (fault > r->worst || !r->u->trouble) {
		r->u->trouble = text;
		r->u->fault = (struct fault){
			.code = BGP_ERROR_UPDATE, .subcode = subcode, .data = data, .text = text};
	}
	if (fault > r->worst)
		r->worst = fault;
}

static void grade_structure(struct reader *r, enum attr_fault fault, const char *text)
{
	grade(r, fault, UPDATE_MALFORMED_LIST, (struct span){0}, text);
}

static bool negotiated(const struct reader *r, const struct af *af)
{
	return af && r->x->families & af_bit(af);
}

// --- structure ------------------------------------------------------------------------------------

static bool split(struct reader *r, const uint8_t *p, size_t n)
{
	struct cursor c = cursor_of(p, n);

	cursor_take(&c, BGP_HEADER);
	r->withdrawn = cursor_cut(&c, cursor_u16(&c));
	r->attributes = cursor_cut(&c, cursor_u16(&c));
	r->nlri = c;
	if (!c.error)
		return true;
	grade_structure(r, ATTR_FAULT_RESET, "field lengths do not fit the message");
	return false;
}

static bool is_known(const struct af *af, const struct af_key *key)
{
	return !af->route_type || af->route_type(key);
}

// Copies a field of NLRI without those of unknown types and, among announced ones, those that make
// no sense in their family.
static void leave_out(struct reader *r, struct nlri_run *run)
{
	uint8_t *copy = arena_alloc(r->arena, run->bytes.len);
	struct cursor c = cursor_of(run->bytes.p, run->bytes.len);
	const char *text = "NLRI of an unknown type ignored";
	size_t len = 0;
	unsigned count = 0;

	while (cursor_left(&c)) {
		const uint8_t *start = c.p;
		struct af_key key;

		if (!run->af->nlri_get(&c, &key))
			break; // cannot be: the field has been checked
		if (!is_known(run->af, &key))
			continue;
		if (!run->withdrawn && run->af->senseless(&key)) {
			text = "NLRI without a meaning in its family ignored";
			continue;
		}
		memcpy(copy + len, start, (size_t)(c.p - start));
		len += (size_t)(c.p - start);
		count++;
	}
	run->bytes = (struct span){.p = copy, .len = len};
	run->count = count;
	grade_structure(r, ATTR_FAULT_DISCARD, text);
}

// Checks a field of NLRI and adds it as a run, unless its family is not spoken (RFC 4760 8) or
// nothing is in it. False: syntax (RFC 7606 5.3).
static bool add_run(struct reader *r, const struct af *af, struct span bytes, bool withdrawn,
		    struct span next_hop)
{
	struct af_check check;

	if (!bytes.len)
		return true;
	if (!af->nlri_check(bytes.p, bytes.len, &check))
		return false;
	if (!negotiated(r, af))
		return true;
	struct nlri_run *run = &r->u->runs[r->u->run_count];
	*run = (struct nlri_run){.af = af,
				 .bytes = bytes,
				 .count = check.count,
				 .withdrawn = withdrawn,
				 .next_hop = next_hop};
	if (check.unknown || (check.senseless && !withdrawn))
		leave_out(r, run);
	r->u->run_count += run->count > 0;
	return true;
}

// --- next hops ------------------------------------------------------------------------------------

static bool is_loopback(const struct ip *ip)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	return ip->bits == 32 ? ip->b[0] == 127 : !memcmp(ip->b, loopback6, sizeof(loopback6));
}

static bool is_multicast(const struct ip *ip)
{
	return ip->bits == 32 ? ip->b[0] >> 4 == 0xe : ip->b[0] == 0xff;
}

// RFC 4659 3.2.1.2: an IPv4 address within an IPv6 one counts as what it is.
static struct ip next_hop_address(struct span next_hop)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (next_hop.len == 16 && !memcmp(next_hop.p, mapped, sizeof(mapped)))
		return ip_from_bytes(next_hop.p + sizeof(mapped), 32);
	return ip_from_bytes(next_hop.p, next_hop.len == 4 ? 32 : 128);
}

// RFC 4271 6.3: semantic errors of a next hop; NULL: fine. A session over loopback addresses has
// next hops there, and both ends may even share one.
static const char *next_hop_trouble(const struct update_context *x, struct span next_hop)
{
	struct ip ip = next_hop_address(next_hop);

	if (ip_is_zero(&ip))
		return "next hop is zero: routes ignored";
	if (is_multicast(&ip))
		return "next hop is a multicast address: routes ignored";
	if (is_loopback(&ip) && !is_loopback(&x->remote))
		return "next hop is a loopback address: routes ignored";
	if (ip_equal(&ip, &x->local) && !ip_equal(&x->local, &x->remote))
		return "next hop is our own address: routes ignored";
	return NULL;
}

// Is the canonical next hop (4, 16 or 32 octets) one that the family may have here?
static bool next_hop_fits(const struct update_context *x, const struct af *af, size_t length)
{
	bool six = length == 16 || length == 32;

	if (af->props & AF_NH_ANY)
		return six || length == 4;
	if (af->props & AF_WIDE)
		return six;
	return length == 4 || (six && x->extended_next_hop & af_bit(af));
}

// The next hop of an MP_REACH_NLRI in canonical form; false: of a length that does not fit. What
// stands in front of addresses as distinguisher is zero (RFC 4364 4.3.2, RFC 4659 3.2.1); whatever
// else a peer puts there has no meaning.
static bool next_hop_read(struct reader *r, const struct af *af, struct span field,
			  struct span *ret)
{
	const size_t six = NEXT_HOP_RD + 16;
	uint8_t *both;

	if (!(af->props & AF_NH_RD)) {
		*ret = field;
	} else if (field.len == NEXT_HOP_RD + 4 || field.len == six) {
		*ret = (struct span){field.p + NEXT_HOP_RD, field.len - NEXT_HOP_RD};
	} else if (field.len == 2 * six) {
		both = arena_alloc(r->arena, 32);
		memcpy(both, field.p + NEXT_HOP_RD, 16);
		memcpy(both + 16, field.p + six + NEXT_HOP_RD, 16);
		*ret = (struct span){both, 32};
	} else {
		return false;
	}
	return next_hop_fits(r->x, af, ret->len);
}

// --- attributes -----------------------------------------------------------------------------------

// RFC 4760 3. What is wrong with it ends the session: the NLRI cannot be found (RFC 7606 7.11).
static void read_reach(struct reader *r, const struct attr *a, struct span whole)
{
	struct cursor c = cursor_of(a->value, a->len);
	uint16_t afi = cursor_u16(&c);
	const struct af *af = af_by_code(afi, cursor_u8(&c));
	struct cursor next_hop = cursor_cut(&c, cursor_u8(&c));

	cursor_u8(&c); // reserved
	if (c.error) {
		grade(r, ATTR_FAULT_RESET, UPDATE_BAD_OPTIONAL, whole, "MP_REACH_NLRI: too short");
		return;
	}
	r->reach.there = cursor_left(&c) > 0;
	if (!negotiated(r, af))
		return;
	r->reach.af = af;
	r->reach.nlri = span_of(c.p, c.end);
	if (!next_hop_read(r, af, span_of(next_hop.p, next_hop.end), &r->reach.next_hop))
		grade(r, ATTR_FAULT_RESET, UPDATE_BAD_OPTIONAL, whole,
		      "MP_REACH_NLRI: next hop of a wrong length");
	else if (!af->nlri_check(c.p, cursor_left(&c), &(struct af_check){0}))
		grade(r, ATTR_FAULT_RESET, UPDATE_BAD_OPTIONAL, whole,
		      "MP_REACH_NLRI: malformed NLRI");
}

static void read_unreach(struct reader *r, const struct attr *a, struct span whole)
{
	struct cursor c = cursor_of(a->value, a->len);
	uint16_t afi = cursor_u16(&c);
	const struct af *af = af_by_code(afi, cursor_u8(&c));

	if (c.error) {
		grade(r, ATTR_FAULT_RESET, UPDATE_BAD_OPTIONAL, whole,
		      "MP_UNREACH_NLRI: too short");
		return;
	}
	r->unreach.there = true;
	if (!negotiated(r, af))
		return;
	r->unreach.af = af;
	r->unreach.nlri = span_of(c.p, c.end);
	if (!add_run(r, af, r->unreach.nlri, true, (struct span){0}))
		grade(r, ATTR_FAULT_RESET, UPDATE_BAD_OPTIONAL, whole,
		      "MP_UNREACH_NLRI: malformed NLRI");
}

// RFC 4271 5, 6.3: an unknown well-known attribute ends the session, an optional transitive one
// travels on marked Partial, any other is dropped without a word.
static void read_unknown(struct reader *r, const struct attr *a, struct span whole)
{
	if (!(a->flags & ATTR_OPTIONAL)) {
		grade(r, ATTR_FAULT_RESET, UPDATE_UNKNOWN_WELL_KNOWN, whole,
		      "unknown well-known attribute");
		return;
	}
	if (!(a->flags & ATTR_TRANSITIVE))
		return;
	if (++r->unknown_count > UNKNOWN_MAX) {
		grade_structure(r, ATTR_FAULT_DISCARD, "too many unknown attributes: some dropped");
		return;
	}
	attrs_put(&r->u->attrs, a->type, ATTR_OPTIONAL | ATTR_TRANSITIVE | ATTR_PARTIAL, a->value,
		  a->len);
}

static const char *fault_text(struct reader *r, const struct attr_row *row, uint8_t subcode)
{
	const char *what = subcode == 4   ? "wrong flags"
			   : subcode == 5 ? "wrong length"
					  : "malformed value";

	return arena_format(r->arena, "%s: %s", row->name, what);
}

// A graded attribute goes where it belongs.
static void keep(struct reader *r, const struct attr *a)
{
	if (a->type == ATTR_NEXT_HOP)
		r->next_hop = *a;
	else if (a->type == ATTR_AS4_PATH)
		r->as4_path = *a;
	else if (a->type == ATTR_AS4_AGGREGATOR)
		r->as4_aggregator = *a;
	else
		attrs_put(&r->u->attrs, a->type, a->flags, a->value, a->len);
}

static void read_attribute(struct reader *r, struct attr *a, struct span whole)
{
	const struct attr_row *row = attr_row(a->type);
	const struct attr_context *x = &r->x->attr;
	uint8_t subcode = 0;

	if (!row) {
		read_unknown(r, a, whole);
		return;
	}
	if (!attr_in_scope(row, x))
		return; // RFC 7606 7.5, 7.9, 7.10: discarded whatever it says
	if (x->as4 && (a->type == ATTR_AS4_PATH || a->type == ATTR_AS4_AGGREGATOR))
		return; // RFC 6793 4.1: between new speakers they mean nothing
	enum attr_fault fault = attr_grade(row, x, a, r->arena, &subcode);
	if (fault)
		grade(r, fault, subcode, whole, fault_text(r, row, subcode));
	else if (a->type == ATTR_MP_REACH)
		read_reach(r, a, whole);
	else if (a->type == ATTR_MP_UNREACH)
		read_unreach(r, a, whole);
	else
		keep(r, a);
}

static bool carries_nlri(uint8_t type)
{
	return type == ATTR_MP_REACH || type == ATTR_MP_UNREACH;
}

// RFC 7606 3 (g). True: not met before.
static bool first_of_type(struct reader *r, uint8_t type)
{
	uint32_t bit = 1u << type % 32;
	bool first = !(r->seen[type / 32] & bit);

	r->seen[type / 32] |= bit;
	if (first)
		return true;
	if (carries_nlri(type))
		grade_structure(r, ATTR_FAULT_RESET, "MP_REACH_NLRI or MP_UNREACH_NLRI twice");
	else
		grade_structure(r, ATTR_FAULT_DISCARD, "attribute twice: the first counts");
	return false;
}

static void read_attributes(struct reader *r)
{
	struct cursor *c = &r->attributes;

	while (cursor_left(c) && r->worst < ATTR_FAULT_RESET) {
		const uint8_t *start = c->p;
		struct attr a = {0};

		a.flags = cursor_u8(c);
		a.type = cursor_u8(c);
		a.len = a.flags & ATTR_EXTENDED ? cursor_u16(c) : cursor_u8(c);
		bool header = !c->error;
		a.value = cursor_take(c, a.len);
		if (c->error) {
			// RFC 7606 4; NLRI that cannot be read leave no other way (3 (j)).
			r->overrun = true;
			grade_structure(r,
					header && carries_nlri(a.type) ? ATTR_FAULT_RESET
								       : ATTR_FAULT_WITHDRAW,
					header ? "attribute overruns the attributes' total length"
					       : "attributes end within an attribute's header");
			return;
		}
		r->attribute_count++;
		if (first_of_type(r, a.type))
			read_attribute(r, &a, span_of(start, c->p));
	}
}

// --- AS numbers of old speakers (RFC 6793 4.2.3) --------------------------------------------------------

static void merge_as4(struct reader *r)
{
	struct attrs *as = &r->u->attrs;
	const struct attr *path = attrs_find(as, ATTR_AS_PATH);
	const struct attr *aggregator = attrs_find(as, ATTR_AGGREGATOR);

	if (aggregator) {
		struct cursor c = cursor_of(aggregator->value, aggregator->len);

		if (cursor_u32(&c) != BGP_AS_TRANS)
			return; // both AS4 attributes are then out of date
		if (r->as4_aggregator.value)
			attrs_put(as, ATTR_AGGREGATOR, aggregator->flags, r->as4_aggregator.value,
				  r->as4_aggregator.len);
	}
	if (!r->as4_path.value || !path)
		return;
	struct span merged = as_path_merge(r->arena, (struct span){path->value, path->len},
					   (struct span){r->as4_path.value, r->as4_path.len});
	if (!attrs_put(as, ATTR_AS_PATH, path->flags, merged.p, merged.len))
		grade_structure(r, ATTR_FAULT_WITHDRAW,
				"AS_PATH and AS4_PATH together are too long");
}

// --- judgement ------------------------------------------------------------------------------------

static void add_announced(struct reader *r)
{
	const struct af *classic = af_classic();
	struct span nlri = span_of(r->nlri.p, r->nlri.end);
	struct span next_hop = {.p = r->next_hop.value, .len = r->next_hop.len};

	// Checked when the attribute was read.
	if (r->reach.af)
		add_run(r, r->reach.af, r->reach.nlri, false, r->reach.next_hop);
	if (!add_run(r, classic, nlri, false, next_hop))
		grade(r, ATTR_FAULT_RESET, UPDATE_BAD_NETWORK, nlri, "malformed NLRI field");
}

// RFC 7606 3 (d): an attribute that is not there at all. What is there but malformed has its grade.
static void require(struct reader *r, uint8_t type)
{
	if (r->seen[type / 32] & 1u << type % 32 || r->overrun)
		return;
	grade(r, ATTR_FAULT_WITHDRAW, 3, (struct span){0},
	      arena_format(r->arena, "%s is missing", attr_row(type)->name));
}

static void judge_reachable(struct reader *r)
{
	require(r, ATTR_ORIGIN);
	require(r, ATTR_AS_PATH);
	if (cursor_left(&r->nlri))
		require(r, ATTR_NEXT_HOP);
	if (r->worst >= ATTR_FAULT_WITHDRAW)
		return;
	for (unsigned i = 0; i < r->u->run_count; i++) {
		struct nlri_run *run = &r->u->runs[i];
		const char *text = run->withdrawn ? NULL : next_hop_trouble(r->x, run->next_hop);

		if (!text)
			continue;
		run->withdrawn = true;
		run->next_hop = (struct span){0};
		grade_structure(r, ATTR_FAULT_DISCARD, text);
	}
}

static void judge(struct reader *r)
{
	struct update *u = r->u;

	if (r->worst < ATTR_FAULT_RESET) {
		// RFC 7606 5.2: without reachable NLRI there is nothing to withdraw, and an
		// MP_REACH_NLRI may have been lost to the fault.
		if (cursor_left(&r->nlri) || r->reach.there)
			judge_reachable(r);
		else if (r->worst == ATTR_FAULT_WITHDRAW)
			r->worst = ATTR_FAULT_RESET;
	}
	u->verdict = r->worst == ATTR_FAULT_RESET      ? UPDATE_RESET
		     : r->worst == ATTR_FAULT_WITHDRAW ? UPDATE_WITHDRAW
						       : UPDATE_OK;
	if (u->verdict == UPDATE_RESET)
		u->run_count = 0;
	else
		u->fault = (struct fault){0};
}

// RFC 4724 2: nothing at all, or nothing but an MP_UNREACH_NLRI of the family without NLRI.
static const struct af *end_of_rib(const struct reader *r, size_t withdrawn)
{
	if (withdrawn || cursor_left(&r->nlri) || r->overrun)
		return NULL;
	if (!r->attribute_count)
		return negotiated(r, af_classic()) ? af_classic() : NULL;
	if (r->attribute_count == 1 && r->unreach.there && !r->unreach.nlri.len)
		return r->unreach.af;
	return NULL;
}

void update_decode(const uint8_t *p, size_t n, const struct update_context *x, struct arena *a,
		   struct update *ret)
{
	struct reader r = {.x = x, .arena = a, .u = ret};

	ret->trouble = NULL;
	ret->fault = (struct fault){0};
	ret->run_count = 0;
	ret->end_of_rib = NULL;
	attrs_clear(&ret->attrs);
	if (split(&r, p, n)) {
		struct span withdrawn = span_of(r.withdrawn.p, r.withdrawn.end);

		if (!add_run(&r, af_classic(), withdrawn, true, (struct span){0}))
			grade(&r, ATTR_FAULT_RESET, UPDATE_BAD_NETWORK, withdrawn,
			      "malformed withdrawn routes field");
		read_attributes(&r);
		if (r.worst < ATTR_FAULT_RESET)
			add_announced(&r);
		if (!x->attr.as4 && r.worst < ATTR_FAULT_RESET)
			merge_as4(&r);
		if (!r.worst)
			ret->end_of_rib = end_of_rib(&r, withdrawn.len);
	}
	judge(&r);
}
