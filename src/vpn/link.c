// Links: copying, comparing, freeing. A copy owns its lists and holds its programs.
#include "vpn/link.h"

#include <string.h>

#include "base/mem.h"

static struct policy_program *program_hold(struct policy_program *p)
{
	return p ? policy_program_ref(p) : NULL;
}

static void program_release(struct policy_program *p)
{
	if (p)
		policy_program_unref(p);
}

void vpn_link_clear(struct vpn_link *l)
{
	mem_free(l->targets);
	mem_free(l->communities);
	program_release(l->import);
	program_release(l->export);
	*l = (struct vpn_link){0};
}

static uint8_t (*list_copy(uint8_t (*list)[8], unsigned count))[8]
{
	uint8_t(*copy)[8] = count ? mem_zero(count * sizeof(*copy)) : NULL;

	if (count)
		memcpy(copy, list, count * sizeof(*copy));
	return copy;
}

void vpn_link_copy(struct vpn_link *to, const struct vpn_link *from)
{
	*to = *from;
	to->targets = list_copy(from->targets, from->target_count);
	to->communities = list_copy(from->communities, from->community_count);
	to->import = program_hold(from->import);
	to->export = program_hold(from->export);
}

static bool list_equal(uint8_t (*a)[8], unsigned a_count, uint8_t (*b)[8], unsigned b_count)
{
	return a_count == b_count && (!a_count || !memcmp(a, b, a_count * sizeof(*a)));
}

static bool frame_equal(const struct vpn_link *a, const struct vpn_link *b)
{
	return a->present == b->present && !memcmp(a->rd, b->rd, sizeof(a->rd));
}

bool vpn_link_import_equal(const struct vpn_link *a, const struct vpn_link *b)
{
	return frame_equal(a, b) && a->takes_own == b->takes_own && a->import == b->import &&
	       list_equal(a->targets, a->target_count, b->targets, b->target_count);
}

bool vpn_link_export_equal(const struct vpn_link *a, const struct vpn_link *b)
{
	return frame_equal(a, b) && a->label == b->label &&
	       a->label_per_route == b->label_per_route && a->export == b->export &&
	       list_equal(a->communities, a->community_count, b->communities, b->community_count);
}
