// Configuration text under the real rows: whatever was understood of the file and holds together must
// print as text that is read again without an error, prints the same and holds together. (A
// configuration that could be committed but not be started from would be lost.)
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct host {
	struct model_host host; // first: what the rows' callbacks get
	struct grammar *grammar;
};

static void host_init(struct host *h)
{
	static struct cli_schema schema;

	model_schema(&schema);
	h->grammar = grammar_new(&schema);
	h->host.model = model_new();
}

// Does the tree hold together?
static bool compiles(struct host *h, const struct conf_tree *t, struct buf *errors)
{
	struct speaker_config *c = model_compile(h->host.model, t, 1, errors);

	if (!c)
		return false;
	speaker_config_unref(c);
	return true;
}

static void check_again(struct host *h, const struct conf_tree *t)
{
	struct buf errors = {0}, first = {0}, second = {0};
	struct conf_tree again;

	conf_print(t, &first);
	if (cli_load(h->grammar, (char *)first.data, first.len, "again", h, &again, &errors))
		die("printed text is not understood:\n%s\n%s", buf_cstr(&errors), buf_cstr(&first));
	conf_print(&again, &second);
	if (strcmp(buf_cstr(&first), buf_cstr(&second)) != 0)
		die("printed\n%s\nthen\n%s", buf_cstr(&first), buf_cstr(&second));
	if (!conf_tree_equal(t, &again))
		die("equal text, unequal trees:\n%s", buf_cstr(&first));
	if (!compiles(h, &again, &errors))
		die("does not hold together any more:\n%s\n%s", buf_cstr(&errors),
		    buf_cstr(&first));
	conf_tree_free(&again);
	buf_free(&errors);
	buf_free(&first);
	buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct host h; // made once: the fuzzer runs this a million times
	struct buf errors = {0};
	struct conf_tree t;

	if (!h.grammar)
		host_init(&h);
	cli_load(h.grammar, (const char *)data, size, "fuzz", &h, &t, &errors);
	buf_clear(&errors);
	if (compiles(&h, &t, &errors))
		check_again(&h, &t);
	conf_tree_free(&t);
	buf_free(&errors);
	return 0;
}
