// A peer: its session's events become messages to the shards and news for soft/. What a shard knows
// of a peer is given in this order: import and export of each family (at configuration), up, routes,
// down; a new session begins with up again. Numbers of peers are given out in turn, so that one that
// was just freed is not used again at once.
#include "speaker/private.h"
#include "speaker/proof_private.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define LIMIT_RESTART_US (30 * UINT64_C(1000000)) // after route-limit without a word on what then

bool peer_established(const struct speaker_peer *p)
{
	return p->session_number != 0;
}

static const char *peer_text(const struct speaker_peer *p)
{
	static char text[IP_TEXT_MAX]; // control thread only; for the log

	return ip_text(&p->address, text);
}

static struct policy_program *counted(struct policy_program *p)
{
	return p ? policy_program_ref(p) : NULL;
}

static void uncounted(struct policy_program *p)
{
	if (p)
		policy_program_unref(p);
}

// --- import and export ------------------------------------------------------------------------------
// Checks that reject whatever the policy (first AS, loops, length) do not count: they stand as long
// as their own statements do, and plan.c looks at those.
bool import_is_lossy(const struct rib_import *in)
{
	return !in->keep_all && in->program && !policy_program_is_open(in->program);
}

static const struct sess_negotiated *peer_negotiated(const struct speaker_peer *p)
{
	return p->session ? sess_get_negotiated(p->session) : NULL;
}

void peer_import_of(const struct speaker_peer *p, const struct peer_config *c, unsigned i,
		    struct rib_import *ret)
{
	const struct sess_negotiated *n = peer_negotiated(p);

	*ret = c->family[i].import;
	if (!ret->peer_as && n)
		ret->peer_as = n->remote_as;
	if (ret->program && policy_program_uses_peer(ret->program) && n)
		ret->local = n->local;
}

void peer_export_of(const struct speaker_peer *p, const struct speaker_config *config,
		    const struct peer_config *c, unsigned i, struct rib_export *ret)
{
	const struct sess_negotiated *n = peer_negotiated(p);

	*ret = c->family[i].export;
	counted(ret->default_route_program);
	if (ret->program && peer_constrained(p, config, i))
		ret->program = peer_constrain(p, config, ret->program);
	else
		counted(ret->program);
	if (!ret->peer_as && n)
		ret->peer_as = n->remote_as;
	if (!ret->local.bits && n && ret->program && policy_program_uses_peer(ret->program))
		ret->local = n->local;
}

void peer_export_drop(struct rib_export *out)
{
	uncounted(out->program);
	uncounted(out->default_route_program);
}

void peer_session_of(const struct speaker_peer *p, const struct peer_config *c,
		     struct sess_config *ret)
{
	const struct ip *listen = &p->speaker->options.listen;

	*ret = c->session;
	if (p->device[0] && !ret->interface[0])
		memcpy(ret->interface, p->device, sizeof(ret->interface));
	else if (!ret->local.bits && listen->bits == ret->remote.bits)
		ret->local = *listen;
}

static void run_release(struct peer_run *r)
{
	if (!r->given)
		return;
	uncounted(r->import.program);
	peer_export_drop(&r->export);
	r->given = false;
}

void peer_give_import(const struct speaker_peer *p, unsigned i, const struct rib_import *in,
		      uint32_t generation)
{
	for (unsigned k = 0; k < p->speaker->shard_count; k++) {
		struct shard_message *m = peer_message(SHARD_IMPORT, p, af_list[i]);

		m->import = *in;
		counted(in->program);
		m->number = generation;
		shard_send(p->speaker->shards[k], m);
	}
}

// The default route that we make up for a peer is the business of the shard that it belongs to.
static bool default_belongs(const struct speaker *s, const struct af *af, unsigned shard)
{
	struct ip zero = {.bits = af->prefix_bits};
	struct af_key key = {0};

	if (af->props & AF_PREFIX)
		af->from_prefix(&zero, 0, &key);
	else if (!(af->props & AF_MEMBERSHIP)) // whose default is the key of zeroes
		return false;
	return speaker_shard_of(s, af, &key) == shard;
}

void peer_give_export(const struct speaker_peer *p, unsigned i, const struct rib_export *out,
		      uint32_t generation)
{
	for (unsigned k = 0; k < p->speaker->shard_count; k++) {
		struct shard_message *m = peer_message(SHARD_EXPORT, p, af_list[i]);

		m->export = *out;
		m->export.default_route &= default_belongs(p->speaker, af_list[i], k);
		counted(out->program);
		counted(out->default_route_program);
		m->number = generation;
		shard_send(p->speaker->shards[k], m);
	}
}

// Only what differs is given, so that an equal value keeps its generation.
bool peer_give(struct speaker_peer *p, unsigned i, uint32_t generation)
{
	struct peer_run *r = &p->run[i];
	struct rib_import in;
	struct rib_export out;
	bool anew;

	peer_import_of(p, p->config, i, &in);
	peer_export_of(p, p->speaker->config, p->config, i, &out);
	counted(in.program);
	if (!r->given || !rib_import_equal(&in, &r->import))
		peer_give_import(p, i, &in, generation);
	anew = !r->given || !rib_export_equal(&out, &r->export);
	if (anew)
		peer_give_export(p, i, &out, generation);
	if (r->up && import_is_lossy(&in))
		r->lossy = true;
	run_release(r);
	r->import = in;
	r->export = out;
	r->given = true;
	return anew;
}

// --- events of the session ----------------------------------------------------------------------------
static void peer_event(struct speaker_peer *p, bool up, const struct sess_down *d)
{
	struct peer_event e = {.at = loop_wall(p->speaker->loop), .up = up};

	if (d) {
		e.code = d->code;
		e.subcode = d->subcode;
		e.sent = d->cause == DOWN_NOTIFICATION_SENT || d->cause == DOWN_HOLD_TIMER ||
			 d->cause == DOWN_ADMIN;
	}
	memmove(p->events + 1, p->events, (PEER_EVENTS - 1) * sizeof(e));
	p->events[0] = e;
	if (p->event_count < PEER_EVENTS)
		p->event_count++;
}

// Marks are asked of the rib for every peer; which of them go out is decided in outbox.c. So peers
// that differ in nothing but enhanced refresh share a group.
void peer_give_up(const struct speaker_peer *p, const struct sess_negotiated *n, uint16_t waiting)
{
	struct rib_session x = {
		.families = n->families,
		.extended_next_hop = n->extended_next_hop,
		.as4 = n->as4,
		.refresh = true,
		.enhanced_refresh = true,
		.max_message = n->max_message,
		.router_id = n->remote_router_id,
		.local = n->local,
		.remote = n->remote,
		.waiting = waiting,
	};

	for (unsigned k = 0; k < p->speaker->shard_count; k++) {
		struct shard_message *m = peer_message(SHARD_UP, p, NULL);

		m->session = x;
		shard_send(p->speaker->shards[k], m);
	}
}

static void on_established(void *arg, struct sess *session, const struct sess_negotiated *n)
{
	struct speaker_peer *p = arg;
	struct speaker *s = p->speaker;
	uint32_t generation = s->config ? s->config->generation : 0;

	p->session_number = ++s->last_session;
	for (unsigned i = 0; i < af_count; i++) {
		struct peer_run *r = &p->run[i];

		r->up = n->families >> i & 1 && p->config->family[i].enabled;
		r->eor_received = r->eor_sent = r->answering = r->answer_again = false;
		r->limit_warned = false;
		r->begins = r->ends = 0;
		if (p->config->family[i].enabled)
			peer_give(p, i, generation);
		r->complete = r->given && r->import.keep_all;
		r->lossy = r->given && import_is_lossy(&r->import);
	}
	peer_give_up(p, n, constrain_wait(p));
	sess_pause_reading(p->session, s->paused);
	p->held = false;
	peer_credit(p);
	peer_event(p, true, NULL);
	proofs_up(p);
	if (p->config->log_changes)
		log_info("peer %s: up", peer_text(p));
}

static void on_update(void *arg, struct sess *session, const uint8_t *bytes, size_t n)
{
	proofs_updates(((struct speaker_peer *)arg)->speaker, 0, 1);
	peer_update(arg, bytes, n);
}

static void on_down(void *arg, struct sess *session, const struct sess_down *d)
{
	struct speaker_peer *p = arg;
	struct speaker *s = p->speaker;

	if (p->own) {
		p->gone = s->reap = true;
		task_start(s->flusher);
	}
	if (!d->was_established || !peer_established(p))
		return;
	peer_event(p, false, d);
	proofs_down(p, d);
	if (p->config->log_changes)
		log_info("peer %s: down (%s)", peer_text(p), d->text ? d->text : "");
	speaker_send_peer(s, SHARD_DOWN, p, NULL);
	soft_peer_down(s->soft, p->number);
	p->session_number = 0;
	for (unsigned i = 0; i < AF_MAX; i++)
		p->run[i].up = false;
	timer_stop(p->interval_timer);
	timer_stop(p->wait_timer);
}

static void refresh_asked(struct speaker_peer *p, const struct af *af)
{
	struct peer_run *r = &p->run[af_index(af)];

	// RFC 7313 section 4: nothing of a refresh before our End-of-RIB of the family
	if (r->eor_sent && !r->answering)
		peer_answer(p, af);
	else
		r->answer_again = true;
}

// Without capability 70 the subtype octet is merely reserved: any value asks (RFC 2918 section 3).
static void on_refresh(void *arg, struct sess *session, const struct refresh *m)
{
	struct speaker_peer *p = arg;
	struct speaker *s = p->speaker;
	const struct sess_negotiated *n = sess_get_negotiated(session);

	if (!n || !peer_established(p) || !p->run[af_index(m->af)].up)
		return;
	if (m->subtype == REFRESH_REQUEST || !n->enhanced_refresh) {
		refresh_asked(p, m->af);
	} else if (m->subtype == REFRESH_BEGIN) {
		soft_refresh_begin(s->soft, p->number, m->af);
		speaker_send_peer(s, SHARD_REFRESH_BEGIN, p, m->af);
	} else if (m->subtype == REFRESH_END) {
		soft_refresh_end(s->soft, p->number, m->af);
		speaker_send_peer(s, SHARD_REFRESH_END, p, m->af);
	}
}

static void on_drained(void *arg, struct sess *session)
{
	struct speaker_peer *p = arg;

	if (peer_established(p))
		peer_credit(p);
}

static bool accept_as(void *arg, struct sess *session, uint32_t as)
{
	const struct speaker_peer *p = arg;
	const struct speaker_config *c = p->speaker->config;
	const struct group_config *g =
		c ? speaker_config_group_in(c, p->instance, p->config->group) : NULL;

	return g && group_accepts_as(g, as);
}

static void on_notification(void *arg, struct sess *session, bool sent, uint8_t code,
			    uint8_t subcode)
{
	proofs_notification(arg, sent, code, subcode);
}

static void on_keepalive(void *arg, struct sess *session, uint64_t late, bool left)
{
	proofs_keepalive(arg, late, left);
}

static const struct sess_ops session_ops = {
	.on_established = on_established,
	.on_update = on_update,
	.on_refresh = on_refresh,
	.on_down = on_down,
	.on_drained = on_drained,
	.accept_as = accept_as,
	.on_notification = on_notification,
	.on_keepalive = on_keepalive,
};

// --- route limits -------------------------------------------------------------------------------------
void peer_revive(struct speaker_peer *p)
{
	timer_stop(p->idle_timer);
	p->limited = false;
	sess_start(p->session);
}

static void idle_over(void *arg)
{
	peer_revive(arg);
}

static void limit_exceeded(struct speaker_peer *p, const struct peer_family *f, unsigned i,
			   uint32_t count)
{
	struct peer_run *r = &p->run[i];

	if (f->route_limit_alert_only) {
		if (!r->limit_warned)
			log_warning("peer %s: %u %s routes, more than the limit of %u",
				    peer_text(p), count, af_list[i]->title, f->route_limit);
		r->limit_warned = true;
		return;
	}
	log_warning("peer %s: %u %s routes, more than the limit of %u: the session ends",
		    peer_text(p), count, af_list[i]->title, f->route_limit);
	p->limited = true;
	sess_stop(p->session, CEASE_MAX_PREFIXES, "");
	if (f->route_limit_idle_forever)
		return;
	timer_start(p->idle_timer, f->route_limit_idle ? f->route_limit_idle * UINT64_C(60000000)
						       : LIMIT_RESTART_US);
}

void peer_limits(struct speaker_peer *p)
{
	for (unsigned i = 0; i < af_count && peer_established(p); i++) {
		const struct peer_family *f = &p->config->family[i];
		struct rib_counts c;
		uint32_t count;

		if (!p->run[i].up || !f->route_limit)
			continue;
		speaker_peer_counts(p->speaker, p->number, af_list[i], &c);
		count = f->route_limit_accepted ? c.accepted : c.received;
		if (count > f->route_limit) {
			limit_exceeded(p, f, i, count);
		} else if (f->route_limit_percent && !p->run[i].limit_warned &&
			   count > (uint64_t)f->route_limit * f->route_limit_percent / 100) {
			p->run[i].limit_warned = true;
			log_warning("peer %s: %u %s routes, %u %% of the limit of %u", peer_text(p),
				    count, af_list[i]->title, f->route_limit_percent,
				    f->route_limit);
		}
	}
}

// --- making and ending ----------------------------------------------------------------------------------
static void interval_over(void *arg)
{
	struct speaker_peer *p = arg;

	if (peer_established(p))
		peer_interval_over(p);
}

static void wait_over(void *arg)
{
	struct speaker_peer *p = arg;

	if (peer_established(p))
		constrain_begin(p);
}

static bool number_take(struct speaker *s, uint16_t *ret)
{
	for (unsigned i = 0; i < RIB_PEERS_MAX; i++) {
		uint16_t n = (uint16_t)((s->next_number + i) % RIB_PEERS_MAX);

		if (s->by_number[n])
			continue;
		s->next_number = (uint16_t)((n + 1) % RIB_PEERS_MAX);
		*ret = n;
		return true;
	}
	return false;
}

static void peers_insert(struct speaker *s, struct speaker_peer *p)
{
	size_t at = 0;

	while (at < s->peers.count) {
		const struct speaker_peer *q = s->peers.item[at];

		if (q->instance > p->instance ||
		    (q->instance == p->instance && ip_compare(&q->address, &p->address) > 0))
			break;
		at++;
	}
	vec_insert(&s->peers, at, p);
}

struct speaker_peer *peer_new(struct speaker *s, const struct ip *address,
			      const struct peer_config *c, bool dynamic)
{
	struct speaker_peer *p = MEM_NEW(struct speaker_peer);
	struct sess_config session;

	if (!number_take(s, &p->number)) {
		log_error("peer %s: no more than %u peers are possible",
			  ip_text(address, (char[IP_TEXT_MAX]){0}), RIB_PEERS_MAX);
		mem_free(p);
		return NULL;
	}
	p->speaker = s;
	p->instance = c->instance;
	p->address = *address;
	p->config = c;
	if (dynamic)
		p->own = (struct peer_config *)c;
	p->grants = mem_zero(s->shard_count * sizeof(*p->grants));
	p->idle_timer = timer_new(s->loop, idle_over, p);
	p->interval_timer = timer_new(s->loop, interval_over, p);
	p->wait_timer = timer_new(s->loop, wait_over, p);
	p->membership = membership_new();
	peer_find_device(p);
	peer_session_of(p, c, &session);
	p->session = sess_new(s->loop, &session, &session_ops, p);
	s->by_number[p->number] = p;
	peers_insert(s, p);
	measure_meet(s, p);
	if (c->session.password[0])
		door_password(p, c->session.password);
	for (unsigned i = 0; i < af_count; i++) {
		if (c->family[i].enabled)
			peer_give(p, i, s->config ? s->config->generation : 0);
	}
	return p;
}

void peer_free(struct speaker_peer *p)
{
	struct speaker *s = p->speaker;

	if (p->config->session.password[0])
		door_password(p, NULL);
	soft_peer_down(s->soft, p->number);
	speaker_send_peer(s, SHARD_REMOVE, p, NULL);
	for (unsigned i = 0; i < s->shard_count; i++)
		shard_forget_peer(s->shards[i], p->number);
	sess_free(p->session);
	for (unsigned i = 0; i < AF_MAX; i++)
		run_release(&p->run[i]);
	timer_free(p->idle_timer);
	timer_free(p->interval_timer);
	timer_free(p->wait_timer);
	membership_free(p->membership);
	mem_free(p->grants);
	s->by_number[p->number] = NULL;
	vec_drop(&s->peers, p);
	if (p->own) {
		peer_config_release(p->own);
		mem_free(p->own);
	}
	mem_free(p);
}

// --- looking ----------------------------------------------------------------------------------------------
const struct peer_config *speaker_peer_config(const struct speaker_peer *p)
{
	return p->config;
}

struct sess *speaker_peer_session(const struct speaker_peer *p)
{
	return p->session;
}

uint16_t speaker_peer_number(const struct speaker_peer *p)
{
	return p->number;
}

struct membership *speaker_peer_membership(const struct speaker_peer *p)
{
	return p->membership;
}

unsigned speaker_peer_events(const struct speaker_peer *p, const struct peer_event **ret)
{
	*ret = p->events;
	return p->event_count;
}
