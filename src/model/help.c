// What `?` shows beside the words of statements: one text for a word in all rows.
#include "model/private.h"

const struct word_help model_helps[] = {
	{"bgp", "BGP"},
};
const unsigned model_help_count = sizeof(model_helps) / sizeof(model_helps[0]);
