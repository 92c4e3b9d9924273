// Configuration values: comparing, copying and dropping them. Two values are equal when nothing
// that they could do to a route differs; programs are interned by content, so their pointers
// tell (policy/policy.h).
#include "rib/config.h"

#include <string.h>

#include "base/mem.h"
#include "rib/internal.h"

static bool site_equal(bool a_has, const uint8_t a[8], bool b_has, const uint8_t b[8])
{
	return a_has == b_has && (!a_has || !memcmp(a, b, 8));
}

bool rib_import_equal(const struct rib_import *a, const struct rib_import *b)
{
	return a->program == b->program && a->source == b->source && a->keep_all == b->keep_all &&
	       a->check_first_as == b->check_first_as &&
	       a->discard_ext_community == b->discard_ext_community &&
	       a->allow_as_loop == b->allow_as_loop && a->preferred_value == b->preferred_value &&
	       a->public_as_only == b->public_as_only && a->peer_as == b->peer_as &&
	       a->fake_as == b->fake_as && ip_equal(&a->peer, &b->peer) &&
	       ip_equal(&a->local, &b->local) && a->route_limit == b->route_limit &&
	       site_equal(a->has_site, a->site, b->has_site, b->site) &&
	       a->allow_cluster_loop == b->allow_cluster_loop;
}

bool rib_export_equal(const struct rib_export *a, const struct rib_export *b)
{
	return a->program == b->program && a->kind == b->kind && a->next_hop == b->next_hop &&
	       a->community == b->community && a->large_community == b->large_community &&
	       a->ext_community == b->ext_community && a->public_as_only == b->public_as_only &&
	       a->route_server == b->route_server && a->substitute_as == b->substitute_as &&
	       a->default_route == b->default_route &&
	       a->default_route_program == b->default_route_program && a->local_as == b->local_as &&
	       a->prepend_too == b->prepend_too && a->peer_as == b->peer_as &&
	       ip_equal(&a->peer, &b->peer) && ip_equal(&a->local, &b->local) &&
	       a->independent == b->independent &&
	       site_equal(a->has_site, a->site, b->has_site, b->site);
}

bool rib_options_equal(const struct rib_options *a, const struct rib_options *b)
{
	return a->local_as == b->local_as && a->router_id == b->router_id &&
	       a->cluster_id == b->cluster_id && a->confederation_id == b->confederation_id &&
	       a->confederation_member_count == b->confederation_member_count &&
	       (!a->confederation_member_count ||
		!memcmp(a->confederation_members, b->confederation_members,
			a->confederation_member_count * sizeof(uint32_t))) &&
	       a->reflect_between_clients == b->reflect_between_clients &&
	       a->default_local_pref == b->default_local_pref && a->default_med == b->default_med &&
	       a->as_path_ignore == b->as_path_ignore &&
	       a->med_none_as_maximum == b->med_none_as_maximum &&
	       a->compare_different_as_med == b->compare_different_as_med &&
	       a->med_confederation == b->med_confederation &&
	       a->router_id_ignore == b->router_id_ignore && a->as_path_limit == b->as_path_limit &&
	       a->max_paths == b->max_paths && a->external_paths == b->external_paths;
}

// RFC 6996.
bool rib_as_is_private(uint32_t as)
{
	return (as >= 64512 && as <= 65534) || (as >= 4200000000u && as <= 4294967294u);
}

static struct policy_program *ref(struct policy_program *p)
{
	return p ? policy_program_ref(p) : NULL;
}

static void unref(struct policy_program *p)
{
	if (p)
		policy_program_unref(p);
}

// Copies may be onto themselves: the new references come first.
void rib_import_copy(struct rib_import *to, const struct rib_import *from)
{
	struct policy_program *old = to->program;

	ref(from->program);
	*to = *from;
	unref(old);
}

void rib_import_clear(struct rib_import *in)
{
	unref(in->program);
	*in = (struct rib_import){0};
}

void rib_export_copy(struct rib_export *to, const struct rib_export *from)
{
	struct policy_program *old = to->program, *old_default = to->default_route_program;

	ref(from->program);
	ref(from->default_route_program);
	*to = *from;
	unref(old);
	unref(old_default);
}

void rib_export_clear(struct rib_export *out)
{
	unref(out->program);
	unref(out->default_route_program);
	*out = (struct rib_export){0};
}
