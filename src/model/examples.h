// Examples of all statements, as the manuals write them; see examples.c.
#pragma once

// Each text begins with the line that enters a view; the others are valid there.
extern const char *const examples[];
extern const unsigned example_count;
// Lines of every family's view, and of those with prefixes of 32 and of 128 bits.
extern const char examples_of_families[], examples_of_narrow[], examples_of_wide[];
