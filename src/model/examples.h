// Examples of all statements, as the manuals write them; see examples.c.
#pragma once

#include "cli/cli.h"
#include "af/af.h"

// Each text begins with the line that enters a view; the others are valid there.
extern const char *const examples[];
extern const unsigned example_count;
// Lines of the families' views with a tag (views.c), each valid by itself once there are the peers
// 10.1.1.2 and 2001:db8::3 and the group ex.
struct family_example {
	const char *tag, *lines;
};
extern const struct family_example family_examples[];
extern const unsigned family_example_count;
// The lines that enter the views of a family; those of a VPN instance end in its name, vpna.
struct view_example {
	const char *line; // the caller's, to free
	const struct view *view;
};
// Returns how many there are, at most 2.
unsigned example_views(const struct cli_schema *s, const struct af *af, struct view_example ret[2]);
bool view_has_tag(const struct view *v, const char *tag);
