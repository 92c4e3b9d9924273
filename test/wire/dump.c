// Text of decoded messages, and the way of an UPDATE out and in again. Used by the vectors and by the
// fuzz targets: what is decoded must survive being sent.
#include "dump.h"

#include <string.h>

static void dump_hex(struct buf *b, const char *word, struct span s)
{
	if (!s.len)
		return;
	buf_format(b, " %s ", word);
	buf_hex(b, s.p, s.len);
}

void dump_fault(struct buf *b, const struct fault *f)
{
	buf_format(b, "fault %u/%u", f->code, f->subcode);
	dump_hex(b, "data", f->data);
	buf_u8(b, '\n');
}

static void dump_families(struct buf *b, const char *word, uint16_t families)
{
	if (!families)
		return;
	buf_format(b, " %s", word);
	for (unsigned i = 0; i < af_count; i++)
		if (families & af_bit(af_list[i]))
			buf_format(b, " %s", af_list[i]->name);
}

void dump_open(struct buf *b, const struct open *o)
{
	const struct capabilities *c = &o->caps;
	struct ip id = ip_from_u32(o->router_id);

	buf_format(b, "open as %u hold %u id ", o->as, o->hold_time);
	ip_put(b, &id);
	if (c->multiprotocol)
		buf_text(b, " mp");
	dump_families(b, "families", c->families);
	dump_families(b, "extended-next-hop", c->extended_next_hop);
	if (c->refresh)
		buf_text(b, " refresh");
	if (c->enhanced_refresh)
		buf_text(b, " enhanced-refresh");
	if (c->extended_message)
		buf_text(b, " extended-message");
	if (c->as4)
		buf_format(b, " as4 %u", c->as4_number);
	if (c->graceful_restart)
		buf_format(b, " restart %u%s", c->graceful_time,
			   c->graceful_restarting ? " restarting" : "");
	dump_hex(b, "unknown", o->unknown_codes);
	buf_u8(b, '\n');
}

static void dump_attribute(struct buf *b, const struct attr *a)
{
	const struct attr_row *row = attr_row(a->type);

	if (row)
		buf_format(b, "%s%s: ", row->name, a->flags & ATTR_PARTIAL ? " (partial)" : "");
	else
		buf_format(b, "%u (%02x): ", a->type, a->flags);
	attr_text(b, a);
	buf_u8(b, '\n');
}

static void dump_run(struct buf *b, const struct nlri_run *run)
{
	struct cursor c = cursor_of(run->bytes.p, run->bytes.len);
	struct attr next_hop = {.type = ATTR_NEXT_HOP,
				.value = run->next_hop.p,
				.len = (uint16_t)run->next_hop.len};
	unsigned count = 0;
	struct af_key key;

	for (; cursor_left(&c); count++) {
		const uint8_t *nlri = c.p;

		if (!run->af->nlri_get(&c, &key))
			break;
		buf_format(b, "%c %s ", run->withdrawn ? '-' : '+', run->af->name);
		run->af->text_put(b, &key);
		if (run->af->label_get && !run->withdrawn)
			buf_format(b, " label %u", run->af->label_get(nlri));
		if (next_hop.len) {
			buf_text(b, " via ");
			attr_text(b, &next_hop);
		}
		buf_u8(b, '\n');
	}
	if (count != run->count || cursor_left(&c))
		buf_text(b, "run does not hold what it says\n");
}

void dump_update(struct buf *b, const struct update *u)
{
	static const char *const verdicts[] = {"ok", "withdraw", "reset"};

	if (u->verdict == UPDATE_RESET)
		dump_fault(b, &u->fault);
	else
		buf_format(b, "%s\n", verdicts[u->verdict]);
	if (u->trouble)
		buf_format(b, "trouble: %s\n", u->trouble);
	for (unsigned i = 0; u->verdict == UPDATE_OK && i < u->attrs.count; i++)
		dump_attribute(b, &u->attrs.a[i]);
	for (unsigned i = 0; i < u->run_count; i++)
		dump_run(b, &u->runs[i]);
	if (u->end_of_rib)
		buf_format(b, "end-of-rib %s\n", u->end_of_rib->name);
}

void dump_notification(struct buf *b, const struct notification *n)
{
	buf_format(b, "notification %u/%u %s, %s", n->code, n->subcode, bgp_error_text(n->code),
		   bgp_suberror_text(n->code, n->subcode));
	if (n->shutdown_text[0])
		buf_format(b, " \"%s\"", n->shutdown_text);
	dump_hex(b, "data", n->data);
	buf_u8(b, '\n');
}

void dump_refresh(struct buf *b, const struct refresh *r)
{
	if (r->af)
		buf_format(b, "refresh %s", r->af->name);
	else
		buf_format(b, "refresh %u/%u", r->afi, r->safi);
	buf_format(b, " subtype %u", r->subtype);
	dump_hex(b, "rest", r->rest);
	buf_u8(b, '\n');
}

// --- out and in again ---------------------------------------------------------------------------------

void update_rewrite(struct buf *b, const struct update *u, bool as4, unsigned max)
{
	struct buf attributes = {0};
	struct arena scratch;

	arena_init(&scratch, 1024);
	attributes_encode(&attributes, &u->attrs, as4, &scratch);
	for (unsigned i = 0; i < u->run_count; i++) {
		const struct nlri_run *run = &u->runs[i];
		struct cursor c = cursor_of(run->bytes.p, run->bytes.len);
		struct update_writer w;
		struct af_key key;

		update_begin(&w, b, run->af, max, true);
		if (run->withdrawn)
			update_set_withdraw(&w);
		else
			update_set(&w, (struct span){attributes.data, attributes.len},
				   run->next_hop);
		while (cursor_left(&c)) {
			if (run->af->label_get)
				w.label = run->af->label_get(c.p);
			if (!run->af->nlri_get(&c, &key))
				break;
			update_key(&w, &key);
		}
		update_end(&w);
	}
	buf_free(&attributes);
	arena_free(&scratch);
}

// The parts of an UPDATE that sending keeps: attributes of an announcement, and its runs.
static void dump_sent(struct buf *attributes, struct buf *runs, const struct update *u)
{
	bool announced = false;

	for (unsigned i = 0; i < u->run_count; i++) {
		announced |= !u->runs[i].withdrawn;
		dump_run(runs, &u->runs[i]);
	}
	buf_clear(attributes);
	for (unsigned i = 0; announced && i < u->attrs.count; i++)
		dump_attribute(attributes, &u->attrs.a[i]);
}

static const char *compare_sent(const struct buf *messages, const struct buf *attributes,
				const struct buf *runs, const struct update_context *x,
				struct arena *a)
{
	struct buf again = {0}, again_runs = {0};
	const char *problem = NULL;

	for (size_t at = 0; at < messages->len && !problem;) {
		struct fault fault;
		struct update u;
		int n = frame_length(messages->data + at, messages->len - at, BGP_MAX_EXTENDED,
				     &fault);

		if (n <= 0 || (size_t)n > messages->len - at)
			problem = "a message that was written has no sound header";
		if (problem)
			break;
		update_decode(messages->data + at, (size_t)n, x, a, &u);
		dump_sent(&again, &again_runs, &u);
		if (u.verdict != UPDATE_OK || u.trouble)
			problem = arena_format(a, "written anew it is not sound: %s", u.trouble);
		else if (again.len && strcmp(buf_cstr(&again), buf_cstr(attributes)))
			problem = arena_format(a, "attributes were:\n%s and are:\n%s",
					       buf_cstr(attributes), buf_cstr(&again));
		at += (size_t)n;
	}
	if (!problem && strcmp(buf_cstr(&again_runs), buf_cstr(runs)))
		problem = arena_format(a, "runs were:\n%s and are:\n%s", buf_cstr(runs),
				       buf_cstr(&again_runs));
	buf_free(&again);
	buf_free(&again_runs);
	return problem;
}

const char *update_round_trip(const struct update *u, const struct update_context *x, unsigned max,
			      struct arena *a)
{
	struct buf messages = {0}, attributes = {0}, runs = {0};
	struct update_context as4 = *x;

	as4.attr.as4 = true; // narrow paths do not always come back segment by segment
	dump_sent(&attributes, &runs, u);
	update_rewrite(&messages, u, true, max);
	const char *problem = compare_sent(&messages, &attributes, &runs, &as4, a);
	buf_free(&messages);
	buf_free(&attributes);
	buf_free(&runs);
	return problem;
}
