// For the tests of conf/ and cli/: a helper that makes lines by hand.
#pragma once

#include <string.h>

#include "conf/conf.h"

// One line from words like "ip", "ip-prefix", "=name:P", "=index:10", "+permit": '=' a parameter
// with its name, '+' a keyword that is value, '~' a parameter that is value. At most 16 words.
static inline struct conf_line *line_of(const struct row *row, const char *const *text)
{
	static char names[64][32];
	static unsigned used;
	struct conf_word words[16] = {{0}};
	unsigned n = 0;

	for (; text[n]; n++) {
		const char *colon = strchr("=~", text[n][0]) ? strchr(text[n], ':') : NULL;
		words[n].value = text[n][0] == '~' || text[n][0] == '+';
		words[n].text = colon ? colon + 1 : text[n] + (text[n][0] == '+');
		if (!colon)
			continue;
		size_t size = (size_t)(colon - text[n]) - 1;
		unsigned i = 0; // names are kept, as those of real parameters are
		while (i < used &&
		       (strlen(names[i]) != size || memcmp(names[i], text[n] + 1, size)))
			i++;
		if (i == used)
			memcpy(names[used++], text[n] + 1, size);
		words[n].param = names[i];
	}
	return conf_line_new(row, false, words, n);
}
#define LINE(row, ...) line_of(row, (const char *const[]){__VA_ARGS__, NULL})
