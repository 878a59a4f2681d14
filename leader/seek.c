/* A GSLB has several controllers, one of which leads. While the one in use does not answer or does not lead, the others that the
 * GSLBConfig names are asked in their order, and the one that leads is used from then on. Nothing is written meanwhile: what is
 * written goes to one controller, the one that said last that it leads. */
#include "common/base/log.h"
#include "common/config/choose.h"
#include "leader/leader_parts.h"

static void on_sought(void *arg, const char *found, const char *said)
{
	struct leader *leader = arg;
	CLEANUP(freep) char *first = xasprintf("%s: %s", leader->address, leader->seek_why);
	CLEANUP(freep) char *all = xasprintf("%s%s%s", first, *said ? "; " : "", said);

	leader->seek = NULL;
	if (!found) {
		leader_take_health(leader, leader->seek_health, all);
		return;
	}
	log_warn("controller_moved", KV("from", leader->address), KV("to", found), KV("because", (const char *)all));
	free(leader->others_said);
	leader->others_said = TAKE(all);
	leader_set_phase(leader, PHASE_CHECKING);
	charge_use_controller(leader, found);
}

bool seek_begin(struct leader *leader, enum controller_health health, const char *why)
{
	CLEANUP(strs_release) struct strs others = { 0 };

	config_addresses(leader->config, &others);
	strs_remove(&others, leader->address);
	if (!others.n)
		return false;
	leader->seek_health = health;
	free(leader->seek_why);
	leader->seek_why = xstrdup(why);
	if (!leader->seek)
		leader->seek = avi_seek_start(&(struct avi_seek_options){
			.http = leader->avi_http, .loop = leader->options.loop, .addresses = &others,
			.version = leader->config->controller_version, .username = leader->credentials.username,
			.password = &leader->credentials.password, .done = on_sought, .arg = leader });
	return true;
}

void seek_end(struct leader *leader)
{
	avi_seek_cancel(TAKE(leader->seek));
}
