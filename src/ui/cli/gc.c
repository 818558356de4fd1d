#include "run/gc.h"

#include "base/clean.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"

/* ganger gc: what runs left and nobody needs. */

static void print_items(struct cli *c, const struct gc *g, enum gc_result result, const char *title)
{
	bool titled = false;

	for (size_t i = 0; i < g->items.n; i++) {
		const struct gc_item *item = &g->items.items[i];
		struct buf b CLEANUP(buf_done) = BUF_INIT;

		if (item->result != result)
			continue;
		if (!titled)
			cli_print(c, "%s:\n", title);
		titled = true;
		buf_printf(&b, "  %s ", item->kind);
		buf_line(&b, str_of(item->name));
		if (item->why) {
			buf_puts(&b, ": ");
			buf_line(&b, str_of(item->why));
		}
		buf_putc(&b, '\n');
		if (item->look) {
			buf_puts(&b, "      ");
			buf_line(&b, str_of(item->look));
			buf_putc(&b, '\n');
		}
		cli_print_buf(c, &b);
	}
}

static void print_json(struct cli *c, const struct gc *g)
{
	static const char *const names[] = {
		[GC_REMOVED] = "removed", [GC_KEPT] = "kept", [GC_FAILED] = "failed"};
	cJSON *root = cJSON_CreateObject();
	cJSON *lists[ARRAY_LEN(names)] = {NULL};

	cJSON_AddBoolToObject(root, "dry_run", cli_flag(c, "dry-run"));
	for (size_t i = GC_REMOVED; i < ARRAY_LEN(names); i++)
		lists[i] = cJSON_AddArrayToObject(root, names[i]);
	for (size_t i = 0; i < g->items.n; i++) {
		const struct gc_item *item = &g->items.items[i];
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "kind", item->kind);
		cJSON_AddItemToObject(j, "epic", cli_json_text(item->epic));
		cJSON_AddItemToObject(j, "name", cli_json_text(item->name));
		cJSON_AddItemToObject(j, "why", cli_json_text(item->why));
		cJSON_AddItemToObject(j, "look", cli_json_text(item->look));
		cJSON_AddItemToArray(lists[item->result], j);
	}
	cli_print_json(c, root);
}

static void print_text(struct cli *c, const struct gc *g)
{
	if (!g->items.n)
		cli_print(c, "nothing to remove\n");
	print_items(c, g, GC_REMOVED, cli_flag(c, "dry-run") ? "would be removed" : "removed");
	print_items(c, g, GC_FAILED, "could not be removed");
	print_items(c, g, GC_KEPT, "stays");
}

int cmd_gc(struct cli *c, int argc, char **argv)
{
	struct gc g CLEANUP(gc_done) = {0};
	struct err e = ERR_INIT;
	struct gc_spec s = {.place = &c->place,
			    .config = &c->config,
			    .parts = c->parts,
			    .dry_run = cli_flag(c, "dry-run")};
	bool failed = false;

	(void)argc;
	(void)argv;
	if (gc_run(&s, &g, &e))
		return cli_fail(c, &e);
	if (cli_flag(c, "json"))
		print_json(c, &g);
	else
		print_text(c, &g);
	for (size_t i = 0; i < g.items.n; i++)
		failed = failed || g.items.items[i].result == GC_FAILED;
	return failed ? CLI_ENVIRONMENT : CLI_OK;
}
