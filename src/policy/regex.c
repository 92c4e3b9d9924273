// Matching in bounded time. The ordinary way is PCRE2's backtracking matcher, compiled to machine
// code where the platform has it, under a match limit. Where the text is long, or the limit
// strikes, the same expression is asked of PCRE2's other matcher, which keeps all states at once
// and reads the text a single time: it is compiled for this with a lazy `.*` ahead and anchored,
// because a search that starts anew at each character would be quadratic. Both answer the same
// question for expressions without assertions, back references and possessive repetition; those are
// refused when typed. If even that matcher gives up (its workspace is bounded), nothing matches.
#include "policy/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "policy/source.h"

enum {
	SHORT_TEXT = 2048,   // longer texts go to the linear matcher at once
	MATCH_LIMIT = 2000,  // steps for each start in a short text
	WORKSPACE = 2048,    // ints: some hundred states at once
	PATTERN_MAX = 16384, // bytes after `_` is written out
};

struct regex {
	pcre2_code *quick;
	pcre2_code *linear;
};

static bool complain(char *why, size_t size, const char *text)
{
	snprintf(why, size, "%s", text);
	return false;
}

// Copies a bracket expression from p (at '[') unchanged; returns the character behind it.
static const char *class_copy(struct buf *b, const char *p)
{
	const char *start = p++;

	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p && *p != ']')
		p += *p == '\\' && p[1] ? 2 : 1;
	if (*p)
		p++;
	buf_put(b, start, (size_t)(p - start));
	return p;
}

// VRP's language into PCRE2's: `_` written out, what goes beyond refused.
static bool translate(struct buf *b, const char *p, char *why, size_t size)
{
	bool repeated = false; // the last thing was * + ? or }

	while (*p) {
		bool repeats = false;
		if (*p == '_') {
			buf_text(b, "(?:^|$|[ ,{}()\\[\\]])");
			p++;
		} else if (*p == '[') {
			p = class_copy(b, p);
		} else if (*p == '\\') {
			if (!p[1])
				return complain(why, size, "a backslash stands at the end");
			bool letter = (p[1] | 32) >= 'a' && (p[1] | 32) <= 'z';
			if ((p[1] >= '0' && p[1] <= '9') || (letter && !strchr("dDsSwW", p[1])))
				return complain(why, size, "back references are not possible");
			buf_put(b, p, 2);
			p += 2;
		} else {
			if (*p == '(' && (p[1] == '?' || p[1] == '*'))
				return complain(why, size, "a repetition follows nothing");
			if (*p == '+' && repeated)
				return complain(why, size, "a repetition is repeated");
			repeats = strchr("*+?}", *p) != NULL;
			buf_u8(b, (uint8_t)*p++);
		}
		repeated = repeats;
	}
	if (b->len > PATTERN_MAX)
		return complain(why, size, "it is too long");
	return true;
}

static pcre2_code *compile(const char *pattern, uint32_t options, char *why, size_t size)
{
	int error;
	PCRE2_SIZE at;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
					 options | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C |
						 PCRE2_NO_AUTO_CAPTURE,
					 &error, &at, NULL);

	if (!code) {
		PCRE2_UCHAR text[POLICY_WHY_MAX];
		pcre2_get_error_message(error, text, sizeof(text));
		complain(why, size, (const char *)text);
	}
	return code;
}

struct regex *regex_new(const char *pattern, char *why, size_t why_size)
{
	struct regex *r = MEM_NEW(struct regex);
	struct buf b = {0};

	if (translate(&b, pattern, why, why_size))
		r->quick = compile(buf_cstr(&b), 0, why, why_size);
	if (r->quick) {
		struct buf linear = {0};
		pcre2_jit_compile(r->quick, PCRE2_JIT_COMPLETE); // without it: slower, same answer
		buf_format(&linear, "(?s:.*?)(?:%s)", buf_cstr(&b));
		r->linear = compile(buf_cstr(&linear), PCRE2_ANCHORED, why, why_size);
		buf_free(&linear);
	}
	buf_free(&b);
	if (!r->linear) {
		regex_free(r);
		return NULL;
	}
	return r;
}

void regex_free(struct regex *r)
{
	if (!r)
		return;
	pcre2_code_free(r->quick);
	pcre2_code_free(r->linear);
	mem_free(r);
}

bool source_regex_check(const char *pattern, char *why, size_t size)
{
	struct regex *r = regex_new(pattern, why, size);

	regex_free(r);
	return r != NULL;
}

struct scratch {
	pcre2_match_data *data;
	pcre2_match_context *limits;
	int workspace[WORKSPACE];
};

static struct scratch *scratch_of(struct regex_scratch *s)
{
	if (!s->match) {
		struct scratch *x = mem_alloc(sizeof(*x));
		x->data = pcre2_match_data_create(1, NULL);
		x->limits = pcre2_match_context_create(NULL);
		pcre2_set_match_limit(x->limits, MATCH_LIMIT);
		s->match = x;
	}
	return s->match;
}

void regex_scratch_free(struct regex_scratch *s)
{
	struct scratch *x = s->match;

	if (!x)
		return;
	pcre2_match_data_free(x->data);
	pcre2_match_context_free(x->limits);
	mem_free(x);
	s->match = NULL;
}

bool regex_matches(const struct regex *r, const char *text, size_t size, struct regex_scratch *s)
{
	struct scratch *x = scratch_of(s);
	PCRE2_SPTR subject = (PCRE2_SPTR)text;

	if (size <= SHORT_TEXT) {
		int n = pcre2_match(r->quick, subject, size, 0, 0, x->data, x->limits);
		if (n >= 0 || n == PCRE2_ERROR_NOMATCH)
			return n >= 0;
	}
	int n = pcre2_dfa_match(r->linear, subject, size, 0, PCRE2_DFA_SHORTEST, x->data, NULL,
				x->workspace, WORKSPACE);
	return n >= 0;
}
