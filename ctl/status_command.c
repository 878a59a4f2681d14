#include <time.h>

#include "ctl/commands.h"
#include "ctl/look.h"
#include "ctl/plain.h"
#include "ctl/show.h"

static bool has_answered(const struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->n_sites; i++)
		if (!fleet->sites[i].trouble)
			return true;
	return false;
}

static void print(const struct fleet *fleet, const struct args *args)
{
	bool is_table = args->output == OUTPUT_TABLE || args->output == OUTPUT_WIDE;
	int64_t now_s = (int64_t)time(NULL);
	CLEANUP(cJSON_Deletep) cJSON *json = is_table ? NULL : show_json(fleet, args->namespace, now_s);
	CLEANUP(freep) char *text = NULL;

	if (is_table)
		text = show_table(fleet, args->namespace, now_s, args->output == OUTPUT_WIDE);
	else if (args->output == OUTPUT_YAML)
		text = yaml_text(json);
	else
		text = cJSON_Print(json);
	printf("%s%s", text, args->output == OUTPUT_JSON ? "\n" : "");
}

int status_command(const struct args *args)
{
	struct err err = { 0 };
	struct fleet fleet;
	struct eye eye;
	bool is_good;

	if (!eye_open(&eye, args, &err)) {
		fprintf(stderr, "error: %s\n", err.msg);
		return EXIT_FAILED;
	}
	look(&eye, args->timeout_ms, &fleet);
	is_good = has_answered(&fleet);
	if (is_good)
		print(&fleet, args);
	else
		fprintf(stderr, "error: cluster %s cannot be reached: %s\nGive --context of another member to begin there.\n",
			eye.entry_name, fleet.n_sites ? plain(fleet.sites[0].trouble) : "");
	fleet_release(&fleet);
	eye_close(&eye);
	return is_good ? EXIT_DONE : EXIT_FAILED;
}
