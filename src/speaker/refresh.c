// `refresh bgp` and `reset bgp`. A refresh touches exactly the selected peers and families and no
// session; what it can do for a peer depends on what is there:
//   import, all routes kept   nothing: commit has re-run the policy on them; one line says so
//   import, route refresh     one ROUTE-REFRESH per family
//   import, neither           accepted routes are judged again; the job ends as pending
//   export                    export is run again and everything is sent again
#include "speaker/private.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static enum speaker_answer selector_check(struct speaker *s, const struct speaker_selector *sel)
{
	if (!s->config || !s->config->present)
		return ANSWER_NO_BGP;
	if (sel->kind == SELECT_PEER && !peer_lookup(s, sel->instance, &sel->peer))
		return ANSWER_NO_PEER;
	if (sel->kind == SELECT_GROUP &&
	    !speaker_config_group_in(s->config, sel->instance, sel->group))
		return ANSWER_NO_GROUP;
	return ANSWER_OK;
}

static bool selected(const struct speaker_peer *p, const struct speaker_selector *sel)
{
	const struct sess_config *c = &p->config->session;
	const struct sess_negotiated *n = sess_get_negotiated(p->session);

	if (p->instance != sel->instance)
		return false;
	switch (sel->kind) {
	case SELECT_ALL:
		return true;
	case SELECT_PEER:
		return ip_equal(&p->address, &sel->peer);
	case SELECT_GROUP:
		return !strcmp(p->config->group, sel->group);
	case SELECT_EXTERNAL:
		return !c->internal;
	case SELECT_INTERNAL:
		return c->internal;
	case SELECT_AS:
		return (c->remote_as ? c->remote_as : n ? n->remote_as : 0) == sel->as;
	}
	return false;
}

static uint16_t enabled_families(const struct speaker_peer *p, uint16_t families)
{
	uint16_t set = 0;

	for (unsigned i = 0; i < af_count; i++) {
		if (p->config->family[i].enabled)
			set |= (uint16_t)(1u << i);
	}
	return set & families;
}

// --- refresh ------------------------------------------------------------------------------------------
struct refresh_call {
	struct speaker *speaker;
	const struct speaker_selector *sel;
	bool import;
	const char *who;
	struct buf *notes;
	unsigned idle, touched; // peers left out because they are not Established; families touched
};

static void refresh_import(struct refresh_call *c, struct speaker_peer *p, struct soft_request *r)
{
	const struct sess_negotiated *n = sess_get_negotiated(p->session);
	const struct peer_run *run = &p->run[af_index(r->af)];
	char text[IP_TEXT_MAX];

	r->import = true;
	ip_text(&p->address, text);
	if (run->import.keep_all) {
		buf_format(
			c->notes,
			"Info: Peer %s keeps all routes (%s): the table already follows the import policy, and the peer is not asked.\n",
			text, r->af->title);
		return;
	}
	if (n->refresh) {
		r->means = MEANS_REFRESH;
		r->ask = true;
		r->enhanced = n->enhanced_refresh;
	} else {
		r->means = MEANS_PENDING;
		r->walk = r->again = true;
		buf_format(
			c->notes,
			"Info: Peer %s has no route refresh and does not keep all routes (%s): its accepted routes are evaluated again; what was rejected can return only with a new session (reset bgp %s%s%s%s).\n",
			text, r->af->title, p->instance ? "vpn-instance " : "",
			speaker_instance_name(p->speaker, p->instance), p->instance ? " " : "",
			text);
	}
	soft_start(c->speaker->soft, r);
}

static void refresh_export(struct refresh_call *c, struct soft_request *r)
{
	r->means = MEANS_EXPORT;
	r->walk = r->again = r->resend = true;
	soft_start(c->speaker->soft, r);
}

static void refresh_family(struct refresh_call *c, struct speaker_peer *p, unsigned i)
{
	struct soft_request r = {
		.peer = p->number,
		.address = p->address,
		.instance = p->instance,
		.instance_name = speaker_instance_name(p->speaker, p->instance),
		.af = af_list[i],
		.generation = c->speaker->config->generation,
		.origin = c->who,
	};

	if (!p->run[i].up) {
		if (c->sel->kind == SELECT_PEER)
			buf_format(c->notes, "Info: %s is not negotiated with peer %s.\n",
				   af_list[i]->title, ip_text(&p->address, (char[IP_TEXT_MAX]){0}));
		return;
	}
	c->touched++;
	if (c->import)
		refresh_import(c, p, &r);
	else
		refresh_export(c, &r);
}

static void refresh_peer(struct refresh_call *c, struct speaker_peer *p)
{
	uint16_t families = enabled_families(p, c->sel->families);

	if (!families) {
		if (c->sel->kind == SELECT_PEER)
			buf_format(c->notes,
				   "Info: Peer %s is not enabled in this address family.\n",
				   ip_text(&p->address, (char[IP_TEXT_MAX]){0}));
		return;
	}
	if (!peer_established(p)) {
		c->idle++;
		return;
	}
	for (unsigned i = 0; i < af_count; i++) {
		if (families >> i & 1)
			refresh_family(c, p, i);
	}
}

enum speaker_answer speaker_refresh(struct speaker *s, const struct speaker_selector *sel,
				    bool import, const char *who, struct buf *notes)
{
	struct refresh_call c = {s, sel, import, who, notes, 0, 0};
	enum speaker_answer answer = selector_check(s, sel);

	if (answer != ANSWER_OK)
		return answer;
	for (size_t i = 0; i < s->peers.count; i++) {
		struct speaker_peer *p = s->peers.item[i];

		if (selected(p, sel))
			refresh_peer(&c, p);
	}
	if (c.idle == 1 && sel->kind == SELECT_PEER)
		buf_format(notes, "Info: Peer %s is not established: nothing was done.\n",
			   ip_text(&sel->peer, (char[IP_TEXT_MAX]){0}));
	else if (c.idle)
		buf_format(notes, "Info: %u peer%s not established and left out.\n", c.idle,
			   c.idle == 1 ? " is" : "s are");
	return ANSWER_OK;
}

// --- reset --------------------------------------------------------------------------------------------
enum speaker_answer speaker_reset(struct speaker *s, const struct speaker_selector *sel,
				  struct buf *notes)
{
	enum speaker_answer answer = selector_check(s, sel);
	struct vec chosen = {0};

	if (answer != ANSWER_OK)
		return answer;
	for (size_t i = 0; i < s->peers.count; i++) {
		struct speaker_peer *p = s->peers.item[i];

		if (selected(p, sel) && enabled_families(p, sel->families))
			vec_add(&chosen, p);
	}
	snprintf(s->doing, sizeof(s->doing), "reset bgp");
	for (size_t i = 0; i < chosen.count; i++) {
		struct speaker_peer *p = chosen.item[i];

		if (p->limited)
			peer_revive(p);
		else
			sess_reset(p->session, CEASE_RESET, "reset by the operator");
	}
	s->doing[0] = '\0';
	vec_free(&chosen);
	return ANSWER_OK;
}
