// display version, save, display bgp statistics of the instance's tables, and other commands of the
// box itself.
#include "cmd/scope.h"

#include <inttypes.h>

#include <jansson.h>

static void display_version(struct cli_call *c)
{
	if (c->json) {
		struct buf out = {0};
		show_json(&out,
			  json_pack("{s:s, s:s}", "name", "Afresh", "version", AFRESH_VERSION));
		cli_print(c, "%s\n", buf_cstr(&out));
		buf_free(&out);
		return;
	}
	// The second line is what clients look for when they detect the kind of device by themselves.
	cli_print(
		c,
		"Afresh BGP speaker, version %s\n"
		"Command line compatible with Huawei Versatile Routing Platform Software (VRP8)\n",
		AFRESH_VERSION);
}

static void save_answered(struct cli_call *c, bool yes)
{
	struct buf error = {0};
	if (yes) {
		cli_print(c, "Now saving the current configuration ....\n");
		if (conf_store_save(app_of(c)->store, conf_value(c->line, "file-name"), &error)) {
			cli_print(c, "Info: Save the configuration successfully.\n");
		} else {
			cli_write(c, buf_cstr(&error), error.len);
			cli_failed(c);
		}
	}
	buf_free(&error);
	cli_done(c);
}

static void save_run(struct cli_call *c)
{
	cli_ask(c,
		"Warning: The current configuration will be written to the device. Continue? [Y/N]:",
		save_answered);
}

static void memory_place(struct app *a, const struct place *p, struct buf *out, json_t *list)
{
	struct rib_totals t;
	speaker_totals(a->speaker, p->instance, p->af, &t);
	json_t *o = json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "family", p->af->name,
		"destinations", (json_int_t)t.destinations, "paths", (json_int_t)t.paths,
		"attribute_sets", (json_int_t)t.attribute_sets, "groups", (json_int_t)t.groups,
		"bytes_routes", (json_int_t)t.bytes_routes, "bytes_sets", (json_int_t)t.bytes_sets,
		"bytes_out", (json_int_t)t.bytes_out, "bytes_memo", (json_int_t)t.bytes_memo);
	if (!place_is_public(p)) {
		json_object_set_new(o, "instance", json_string(p->name));
		buf_format(out, " VPN-Instance %s,", p->name);
	}
	json_array_append_new(list, o);
	buf_format(out, " %s: %u destinations, %u paths, %u attribute sets, %u export groups\n",
		   p->af->title, t.destinations, t.paths, t.attribute_sets, t.groups);
	buf_format(out,
		   "   bytes: routes %zu, attribute sets %zu, Adj-RIB-Out %zu, policy memory %zu\n",
		   t.bytes_routes, t.bytes_sets, t.bytes_out, t.bytes_memo);
}

static void display_memory(struct cli_call *c)
{
	struct buf out = {0};
	json_t *list = json_array();
	for (unsigned i = 0; i < af_count; i++) {
		struct scope s;
		scope_of_family(app_of(c), af_list[i], &s);
		for (unsigned k = 0; k < s.count; k++)
			memory_place(app_of(c), &s.places[k], &out, list);
		scope_free(&s);
	}
	show_answer(c, &out, "families", list);
}

static const struct row rows[] = {
	{.views = "*",
	 .grammar = "display version",
	 .help = "Shows the version.",
	 .level = 1,
	 .run = display_version},
	{.views = "*",
	 .grammar = "display bgp memory",
	 .help = "Shows the size of the route tables.",
	 .level = 1,
	 .flags = ROW_EXTENSION,
	 .run = display_memory},
	{.views = "user",
	 .grammar = "save [ file-name ]",
	 .help = "Writes the running configuration to the file that the "
		 "daemon starts from, or to another.",
	 .level = 2,
	 .run = save_run},
};
const struct row_table system_table = {rows, sizeof rows / sizeof *rows};
