// What bgpfeed reports of its peers: as JSON, and as numbers that `wait` compares.
#include "feed_control.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "feed_text.h"

// Counters by name; the same names in the JSON and in `wait`. "sent." in front: what we sent.
static const struct value {
	const char *name;
	size_t at; // in struct counters
} values[] = {
	{"updates", offsetof(struct counters, updates)},
	{"announced", offsetof(struct counters, announced)},
	{"withdrawn", offsetof(struct counters, withdrawn)},
	{"repeated", offsetof(struct counters, repeated)},
	{"bytes", offsetof(struct counters, bytes)},
	{"opens", offsetof(struct counters, opens)},
	{"keepalives", offsetof(struct counters, keepalives)},
	{"notifications", offsetof(struct counters, notifications)},
	{"refreshes", offsetof(struct counters, refreshes)},
	{"borr", offsetof(struct counters, borr)},
	{"eorr", offsetof(struct counters, eorr)},
	{"end_of_rib", offsetof(struct counters, end_of_rib)},
	{"swept", offsetof(struct counters, swept)},
	{"malformed", offsetof(struct counters, malformed)},
};
enum { VALUES = sizeof(values) / sizeof(*values) };

static uint64_t counter(const struct counters *c, size_t i)
{
	return *(const uint64_t *)((const char *)c + values[i].at);
}

static double since(const struct peer *p, uint64_t at)
{
	return at ? (double)(p->feed->now - at) / 1e6 : -1;
}

static uint64_t held_total(const struct peer *p, int family)
{
	uint64_t n = 0;
	for (int f = 0; f < FEED_FAMILIES; f++)
		if (family < 0 || f == family)
			n += p->holding[f].count;
	return n;
}

static uint64_t seen_total(const struct peer *p)
{
	uint64_t n = 0;
	for (int f = 0; f < FEED_FAMILIES; f++)
		n += p->holding[f].seen_count;
	return n;
}

static bool family_value(const struct peer *p, const char *key, double *ret)
{
	const char *dot = strchr(key, '.');
	int f = dot ? family_by_name(dot + 1) : -1;
	size_t n = dot ? (size_t)(dot - key) : 0;
	if (f < 0)
		return false;
	if (n == 4 && memcmp(key, "held", n) == 0)
		*ret = (double)p->holding[f].count;
	else if (n == 4 && memcmp(key, "seen", n) == 0)
		*ret = (double)p->holding[f].seen_count;
	else if (n == 9 && memcmp(key, "refreshes", n) == 0)
		*ret = (double)p->received.refreshes_by_family[f];
	else if (n == 6 && memcmp(key, "passes", n) == 0)
		*ret = (double)p->sender[f].passes;
	else
		return false;
	return true;
}

bool peer_value(const struct peer *p, const char *key, double *ret)
{
	unsigned k;
	bool sent = strncmp(key, "sent.", 5) == 0;
	for (size_t i = 0; i < VALUES; i++)
		if (strcmp(values[i].name, sent ? key + 5 : key) == 0) {
			*ret = (double)counter(sent ? &p->sent : &p->received, i);
			return true;
		}
	if (strcmp(key, "established") == 0)
		*ret = p->state == PEER_ESTABLISHED;
	else if (strcmp(key, "up_count") == 0)
		*ret = (double)p->established_count;
	else if (strcmp(key, "drops") == 0)
		*ret = (double)p->drop_count;
	else if (strcmp(key, "held") == 0)
		*ret = (double)held_total(p, -1);
	else if (strcmp(key, "seen") == 0)
		*ret = (double)seen_total(p);
	else if (strcmp(key, "busy") == 0)
		*ret = sender_busy(p);
	else if (strcmp(key, "quiet") == 0)
		*ret = p->last_update ? since(p, p->last_update) : 1e9;
	else if (sscanf(key, "mark%u", &k) == 1 && k < FEED_MARKS)
		for (int f = 0; f < FEED_FAMILIES; f++)
			*ret = (f ? *ret : 0) + (double)p->holding[f].with_mark[k];
	else
		return family_value(p, key, ret);
	return true;
}

static void counters_json(struct buf *b, const struct counters *c)
{
	for (size_t i = 0; i < VALUES; i++)
		buf_format(b, "%s\"%s\":%llu", i ? "," : "", values[i].name,
			   (unsigned long long)counter(c, i));
}

static void families_json(struct buf *b, const struct peer *p)
{
	const char *sep = "";
	for (int f = 0; f < FEED_FAMILIES; f++) {
		const struct sender *s = &p->sender[f];
		if (!(p->o.families & 1u << f))
			continue;
		double took = s->ended > s->started ? (double)(s->ended - s->started) / 1e6 : -1;
		buf_format(
			b,
			"%s\"%s\":{\"negotiated\":%s,\"held\":%llu,\"seen\":%llu,\"refreshes\":%llu",
			sep, feed_families[f].name, p->families & 1u << f ? "true" : "false",
			(unsigned long long)p->holding[f].count,
			(unsigned long long)p->holding[f].seen_count,
			(unsigned long long)p->received.refreshes_by_family[f]);
		buf_format(b, ",\"passes\":%llu,\"sending\":%s,\"pass_seconds\":%.6f}",
			   (unsigned long long)s->passes, s->active ? "true" : "false", took);
		sep = ",";
	}
}

void peer_json(struct buf *b, const struct peer *p)
{
	buf_text(b, "{\"name\":");
	json_text(b, p->o.name);
	buf_format(b, ",\"state\":\"%s\",\"established\":%s,\"up_count\":%llu,\"drops\":%llu",
		   peer_state_text(p), p->state == PEER_ESTABLISHED ? "true" : "false",
		   (unsigned long long)p->established_count, (unsigned long long)p->drop_count);
	buf_format(b, ",\"as\":%u,\"remote_as\":%u,\"hold\":%u", p->o.as, p->remote_as, p->hold);
	buf_format(b, ",\"route_refresh\":%s,\"enhanced_refresh\":%s,\"as4\":%s,\"extended\":%s",
		   p->refresh ? "true" : "false", p->enhanced ? "true" : "false",
		   p->as4 ? "true" : "false", p->extended ? "true" : "false");
	buf_format(b, ",\"up_seconds\":%.6f,\"first_update_ago\":%.6f,\"last_update_ago\":%.6f",
		   p->state == PEER_ESTABLISHED ? since(p, p->established_at) : -1.0,
		   since(p, p->first_update), since(p, p->last_update));
	buf_text(b, ",\"last_error\":");
	json_text(b, p->last_error);
	buf_text(b, ",\"last_notification\":");
	json_text(b, p->last_notification);
	buf_format(b, ",\"held\":%llu,\"busy\":%s,\"received\":{",
		   (unsigned long long)held_total(p, -1), sender_busy(p) ? "true" : "false");
	counters_json(b, &p->received);
	buf_text(b, "},\"sent\":{");
	counters_json(b, &p->sent);
	buf_text(b, "},\"marks\":{");
	for (unsigned k = 0; k < p->feed->blobs.watched_count; k++) {
		uint64_t n = 0;
		for (int f = 0; f < FEED_FAMILIES; f++)
			n += p->holding[f].with_mark[k];
		uint32_t c = p->feed->blobs.watched[k];
		buf_format(b, "%s\"%u:%u\":%llu", k ? "," : "", c >> 16, c & 0xffff,
			   (unsigned long long)n);
	}
	buf_text(b, "},\"families\":{");
	families_json(b, p);
	buf_text(b, "}}");
}

void status_json(struct buf *b, const struct feed *f)
{
	const char *sep = "";
	buf_format(b, "{\"ok\":true,\"running\":%.6f,\"tables\":{",
		   (double)(f->now - f->started) / 1e6);
	for (int i = 0; i < FEED_FAMILIES; i++) {
		const struct table *t = &f->tables[i];
		if (!t->routes)
			continue;
		buf_format(b, "%s\"%s\":{\"routes\":%u,\"sets\":%u,\"block\":%u,\"tagged\":%u}",
			   sep, feed_families[i].name, t->routes, t->group_count, t->block_count,
			   t->tagged_count);
		sep = ",";
	}
	buf_text(b, "},\"peers\":[");
	for (unsigned i = 0; i < f->peer_count; i++) {
		buf_text(b, i ? "," : "");
		peer_json(b, f->peers[i]);
	}
	buf_text(b, "]}");
}
