// Configuration text: whatever is in the file, reading it must end, and what was understood of it
// must print, read again without an error, and print the same.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/test_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The second reading is without checks: a statement may have needed another that was replaced since.
static struct row unchecked[sizeof(test_rows) / sizeof(test_rows[0])];

static struct grammar *make_grammar(void)
{
	static const struct row_table table = {unchecked, sizeof(unchecked) / sizeof(unchecked[0])};
	static struct cli_schema schema;

	memcpy(unchecked, test_rows, sizeof(unchecked));
	for (size_t i = 0; i < sizeof(unchecked) / sizeof(unchecked[0]); i++)
		unchecked[i].check = NULL;
	schema = test_schema;
	schema.tables = &table;
	return grammar_new(&schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct grammar *g; // made once: the fuzzer runs this a million times
	struct buf errors = {0}, first = {0}, second = {0};
	struct conf_tree t, again;

	if (!g)
		g = make_grammar();
	cli_load(g, (const char *)data, size, "fuzz", NULL, &t, &errors);
	conf_print(&t, &first);
	buf_clear(&errors);
	if (cli_load(g, (char *)first.data, first.len, "again", NULL, &again, &errors))
		die("printed text is not understood:\n%s\n%s", buf_cstr(&errors), buf_cstr(&first));
	conf_print(&again, &second);
	if (strcmp(buf_cstr(&first), buf_cstr(&second)) != 0)
		die("printed\n%s\nthen\n%s", buf_cstr(&first), buf_cstr(&second));
	if (!conf_tree_equal(&t, &again))
		die("equal text, unequal trees:\n%s", buf_cstr(&first));
	conf_tree_free(&t);
	conf_tree_free(&again);
	buf_free(&errors);
	buf_free(&first);
	buf_free(&second);
	return 0;
}
