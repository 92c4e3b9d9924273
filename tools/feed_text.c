// Attributes and JSON as text, both ways. See feed_text.h.
#include "feed_text.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "feed_nlri.h"

void give_up(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fputs("bgpfeed: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

void json_text(struct buf *b, const char *s)
{
	buf_u8(b, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_format(b, "\\%c", *s);
		else if ((unsigned char)*s < 32)
			buf_format(b, "\\u%04x", (unsigned)*s);
		else
			buf_u8(b, (uint8_t)*s);
	}
	buf_u8(b, '"');
}

// --- to JSON ------------------------------------------------------------------------------------

static void path_text(struct buf *b, struct cursor c, bool as4)
{
	static const char *const open[] = {"", "{", "", "(", "["}, *const close[] = {"", "}", "",
										     ")", "]"};
	bool first = true;
	while (cursor_left(&c) && !c.error) {
		unsigned kind = cursor_u8(&c), n = cursor_u8(&c);
		const char *sep = first ? "" : " ";
		if (kind > 4)
			kind = 0;
		buf_format(b, "%s%s", sep, open[kind]);
		for (unsigned i = 0; i < n; i++)
			buf_format(b, "%s%u", i ? " " : "", as4 ? cursor_u32(&c) : cursor_u16(&c));
		buf_text(b, close[kind]);
		first = false;
	}
}

static void address_text(struct buf *b, const uint8_t *p, size_t n)
{
	char text[64] = "?";
	if (n == 12 || n == 24) { // a distinguisher of zero in front (RFC 4364 4.3.2)
		p += 8;
		n -= 8;
	}
	if (n == 4 || n == 16 || n == 32)
		inet_ntop(n == 4 ? AF_INET : AF_INET6, p, text, sizeof(text));
	buf_text(b, text);
}

static void words_text(struct buf *b, struct cursor c, uint8_t type)
{
	for (bool first = true; cursor_left(&c) && !c.error; first = false) {
		buf_text(b, first ? "\"" : ",\"");
		if (type == 8) {
			uint32_t v = cursor_u32(&c);
			buf_format(b, "%u:%u", v >> 16, v & 0xffff);
		} else if (type == 32) {
			uint32_t x = cursor_u32(&c), y = cursor_u32(&c);
			buf_format(b, "%u:%u:%u", x, y, cursor_u32(&c));
		} else if (type == 16) {
			const uint8_t *p = cursor_take(&c, 8);
			buf_hex(b, p, p ? 8 : 0);
		} else {
			const uint8_t *p = cursor_take(&c, 4);
			address_text(b, p, p ? 4 : 0);
		}
		buf_text(b, "\"");
	}
}

static void attribute_json(struct buf *b, uint8_t flags, uint8_t type, struct cursor v, bool as4)
{
	static const char *const origins[] = {"igp", "egp", "incomplete"};
	size_t n = cursor_left(&v);
	const uint8_t *p = v.p;
	switch (type) {
	case 1:
		buf_format(b, "\"origin\":\"%s\"", n && p[0] < 3 ? origins[p[0]] : "?");
		return;
	case 2:
	case 17:
		buf_format(b, "\"%s\":\"", type == 2 ? "as_path" : "as4_path");
		path_text(b, v, as4 || type == 17);
		buf_text(b, "\"");
		return;
	case 3:
	case 9:
		buf_format(b, "\"%s\":\"", type == 3 ? "next_hop" : "originator");
		address_text(b, p, n);
		buf_text(b, "\"");
		return;
	case 4:
	case 5:
		buf_format(b, "\"%s\":%u", type == 4 ? "med" : "local_pref", cursor_u32(&v));
		return;
	case 6:
		buf_text(b, "\"atomic_aggregate\":true");
		return;
	case 7:
	case 18:
		buf_format(b, "\"%s\":\"%u:", type == 7 ? "aggregator" : "as4_aggregator",
			   n == 8 ? cursor_u32(&v) : cursor_u16(&v));
		address_text(b, v.p, cursor_left(&v));
		buf_text(b, "\"");
		return;
	case 8:
	case 10:
	case 16:
	case 32:
		buf_format(b, "\"%s\":[",
			   type == 8    ? "communities"
			   : type == 10 ? "cluster_list"
			   : type == 16 ? "ext_communities"
					: "large_communities");
		words_text(b, v, type);
		buf_text(b, "]");
		return;
	default:
		buf_format(b, "\"attribute_%u\":{\"flags\":%u,\"value\":\"", type, flags);
		buf_hex(b, p, n);
		buf_text(b, "\"}");
	}
}

void attributes_json(struct buf *b, const uint8_t *p, size_t n, bool as4)
{
	struct cursor c = cursor_of(p, n);
	buf_u8(b, '{');
	for (bool first = true; cursor_left(&c); first = false) {
		uint8_t flags = cursor_u8(&c), type = cursor_u8(&c);
		struct cursor v = cursor_cut(&c, flags & 0x10 ? cursor_u16(&c) : cursor_u8(&c));
		if (c.error)
			break;
		buf_text(b, first ? "" : ",");
		attribute_json(b, flags, type, v, as4);
	}
	buf_u8(b, '}');
}

// --- from words ---------------------------------------------------------------------------------

bool hex_parse(struct buf *out, const char *text)
{
	while (*text) {
		unsigned v;
		if (sscanf(text, "%2x", &v) != 1 || !text[1])
			return false;
		buf_u8(out, (uint8_t)v);
		text += 2;
		while (*text == ' ')
			text++;
	}
	return true;
}

static bool path_parse(struct buf *out, const char *s)
{
	size_t count_at = 0;
	uint8_t kind = 0;
	if (strcmp(s, "none") == 0)
		return true;
	while (*s) {
		uint8_t want = kind == 1 || kind == 3 ? kind : 2;
		if (*s == ' ') {
			s++;
			continue;
		}
		if (*s == '{' || *s == '(') {
			want = *s++ == '{' ? 1 : 3;
		} else if (*s == '}' || *s == ')') {
			kind = 0;
			s++;
			continue;
		}
		if (want != kind || out->data[count_at] == 255) {
			kind = want;
			buf_u8(out, kind);
			count_at = out->len;
			buf_u8(out, 0);
		}
		char *end;
		unsigned long v = strtoul(s, &end, 10);
		if (end == s)
			return false;
		buf_u32(out, (uint32_t)v);
		buf_set_u8(out, count_at, (uint8_t)(out->data[count_at] + 1));
		s = end;
	}
	return true;
}

static bool community_parse(struct buf *out, const char *s)
{
	static const struct {
		const char *name;
		uint32_t value;
	} known[] = {
		{"no-export", 0xffffff01},
		{"no-advertise", 0xffffff02},
		{"no-export-subconfed", 0xffffff03},
		{"graceful-shutdown", 0xffff0000},
	};
	char word[64];
	int used;
	for (; sscanf(s, " %63[^ ,]%n", word, &used) == 1; s += used + (s[used] == ',')) {
		unsigned a, b;
		bool named = false;
		for (size_t i = 0; i < sizeof(known) / sizeof(*known) && !named; i++)
			if ((named = strcmp(word, known[i].name) == 0))
				buf_u32(out, known[i].value);
		if (!named && (sscanf(word, "%u:%u", &a, &b) != 2 || a > 65535 || b > 65535))
			return false;
		if (!named)
			buf_u32(out, a << 16 | b);
	}
	return out->len > 0;
}

static bool large_parse(struct buf *out, const char *s)
{
	unsigned a, b, c;
	int used;
	for (; sscanf(s, " %u:%u:%u%n", &a, &b, &c, &used) == 3; s += used + (s[used] == ',')) {
		buf_u32(out, a);
		buf_u32(out, b);
		buf_u32(out, c);
	}
	return out->len > 0 && !*s;
}

static bool addresses_parse(struct buf *out, const char *s, bool v6_too)
{
	char word[64];
	uint8_t b[16];
	int used;
	for (; sscanf(s, " %63[^ ,]%n", word, &used) == 1; s += used + (s[used] == ',')) {
		bool v6 = strchr(word, ':');
		if ((v6 && !v6_too) || inet_pton(v6 ? AF_INET6 : AF_INET, word, b) != 1)
			return false;
		buf_put(out, b, v6 ? 16 : 4);
	}
	return out->len > 0;
}

static bool aggregator_parse(struct buf *out, const char *s)
{
	unsigned as;
	int used;
	if (sscanf(s, "%u:%n", &as, &used) != 1)
		return false;
	buf_u32(out, as);
	return addresses_parse(out, s + used, false);
}

static bool origin_parse(struct buf *out, const char *s)
{
	static const char *const names[] = {"igp", "egp", "incomplete"};
	for (uint8_t i = 0; i < 3; i++)
		if (strcmp(s, names[i]) == 0) {
			buf_u8(out, i);
			return true;
		}
	return false;
}

static bool number_parse(struct buf *out, const char *s)
{
	char *end;
	buf_u32(out, (uint32_t)strtoul(s, &end, 10));
	return end != s && !*end;
}

static const struct keyword {
	const char *word;
	uint8_t type, flags;
	bool targets;
} keywords[] = {
	{"origin", 1, 0x40},     {"as-path", 2, 0x40},    {"next-hop", 3, 0x40},
	{"med", 4, 0x80},        {"local-pref", 5, 0x40}, {"atomic", 6, 0x40},
	{"aggregator", 7, 0xc0}, {"community", 8, 0xc0},  {"originator", 9, 0x80},
	{"cluster", 10, 0x80},   {"ext", 16, 0xc0},       {"rt", 16, 0xc0, true},
	{"pmsi", 22, 0xc0},      {"large", 32, 0xc0},     {"attribute", 255, 0},
};

static bool targets_parse(struct buf *out, const char *s)
{
	char word[64];
	uint8_t target[8];
	int used;

	for (; sscanf(s, " %63[^ ,]%n", word, &used) == 1; s += used + (s[used] == ',')) {
		if (!target_parse(word, 2, target))
			return false;
		buf_put(out, target, sizeof(target));
	}
	return out->len > 0;
}

static bool value_parse(struct buf *out, const struct keyword *k, const char *s)
{
	switch (k->type) {
	case 1:
		return origin_parse(out, s);
	case 2:
		return path_parse(out, s);
	case 3:
	case 9:
	case 10:
		return addresses_parse(out, s, k->type == 3);
	case 4:
	case 5:
		return number_parse(out, s);
	case 7:
		return aggregator_parse(out, s);
	case 8:
		return community_parse(out, s);
	case 16:
		return k->targets ? targets_parse(out, s) : hex_parse(out, s);
	case 32:
		return large_parse(out, s);
	default:
		return hex_parse(out, s);
	}
}

static void values_put(struct buf *out, struct buf *value, const bool *given)
{
	for (size_t k = 0; k < sizeof(keywords) / sizeof(*keywords); k++) {
		const struct keyword *w = &keywords[k];
		if (given[k] && w->type == 255) {
			buf_put(out, value[k].data, value[k].len);
		} else if (given[k]) {
			buf_u8(out, value[k].len > 255 ? w->flags | 0x10 : w->flags);
			buf_u8(out, w->type);
			if (value[k].len > 255)
				buf_u8(out, (uint8_t)(value[k].len >> 8));
			buf_u8(out, (uint8_t)value[k].len);
			buf_put(out, value[k].data, value[k].len);
		}
		buf_free(&value[k]);
	}
}

const char *attributes_parse(struct buf *out, char **word, unsigned count, uint32_t default_as)
{
	enum { N = sizeof(keywords) / sizeof(*keywords) };
	struct buf value[N] = {{0}};
	bool given[N] = {false};
	const char *error = NULL;
	for (unsigned i = 0; i < count && !error; i++) {
		size_t k = 0;
		while (k < N && strcmp(keywords[k].word, word[i]) != 0)
			k++;
		if (k == N || (keywords[k].type != 6 && i + 1 == count)) {
			error = k == N ? "unknown keyword" : "value missing";
		} else {
			given[k] = true;
			if (keywords[k].type != 6 &&
			    !value_parse(&value[k], &keywords[k], word[++i]))
				error = "bad value";
		}
	}
	if (!given[0]) {
		buf_u8(&value[0], 0);
		given[0] = true;
	}
	if (!given[1] && default_as) {
		buf_put(&value[1], "\2\1", 2);
		buf_u32(&value[1], default_as);
	}
	given[1] = true;
	values_put(out, value, given);
	return error;
}
