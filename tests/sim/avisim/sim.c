#include "tests/sim/avisim/sim.h"

#include "tests/sim/avisim/fault.h"
#include "tests/sim/avisim/refs.h"

#define MAX_ENDPOINTS 200

/* What every controller has. */
static const char system_objects[] =
	"{\"healthmonitor\":["
	"{\"name\":\"System-GSLB-Ping\",\"type\":\"HEALTH_MONITOR_PING\",\"is_federated\":true},"
	"{\"name\":\"System-GSLB-TCP\",\"type\":\"HEALTH_MONITOR_TCP\",\"is_federated\":true,\"monitor_port\":80,"
	"\"tcp_monitor\":{\"tcp_half_open\":false}},"
	"{\"name\":\"System-GSLB-HTTP\",\"type\":\"HEALTH_MONITOR_HTTP\",\"is_federated\":true,\"monitor_port\":80,"
	"\"http_monitor\":{\"http_request\":\"HEAD / HTTP/1.0\",\"http_response_code\":[\"HTTP_2XX\",\"HTTP_3XX\"]}},"
	"{\"name\":\"System-GSLB-HTTPS\",\"type\":\"HEALTH_MONITOR_HTTPS\",\"is_federated\":true,\"monitor_port\":443,"
	"\"https_monitor\":{\"http_request\":\"HEAD / HTTP/1.0\",\"http_response_code\":[\"HTTP_2XX\",\"HTTP_3XX\"]}},"
	"{\"name\":\"System-GSLB-UDP\",\"type\":\"HEALTH_MONITOR_UDP\",\"is_federated\":true,"
	"\"udp_monitor\":{\"udp_request\":\"EnterYourUDPRequestDataHere\"}},"
	"{\"name\":\"System-HTTP\",\"type\":\"HEALTH_MONITOR_HTTP\","
	"\"http_monitor\":{\"http_request\":\"GET / HTTP/1.0\",\"http_response_code\":[\"HTTP_2XX\"]}},"
	"{\"name\":\"System-TCP\",\"type\":\"HEALTH_MONITOR_TCP\"}],"
	"\"applicationpersistenceprofile\":[{\"name\":\"System-Persistence-GSLB\",\"is_federated\":true,"
	"\"persistence_type\":\"PERSISTENCE_TYPE_GSLB_SITE\"}],"
	"\"pkiprofile\":[{\"name\":\"System-PKI-GSLB\",\"is_federated\":true}],"
	"\"cloud\":[{\"name\":\"Default-Cloud\"}]}";

struct endpoint_count {
	char *endpoint;
	uint64_t n;
	UT_hash_handle hh;
};

static void settings_release(struct settings *s)
{
	free(s->version);
	free(s->leader_uuid);
	strs_release(&s->subdomains);
	strs_release(&s->third_party_sites);
	cJSON_Delete(s->deny);
	*s = (struct settings){ 0 };
}

static void settings_copy(struct settings *to, const struct settings *from)
{
	settings_release(to);
	*to = *from;
	to->version = xstrdup(from->version);
	to->leader_uuid = xstrdup(from->leader_uuid);
	to->subdomains = to->third_party_sites = (struct strs){ 0 };
	strs_copy(&to->subdomains, &from->subdomains);
	strs_copy(&to->third_party_sites, &from->third_party_sites);
	to->deny = cJSON_Duplicate(from->deny, true);
}

struct sim *sim_new(const char *user, struct slice password, int64_t session_idle_s)
{
	struct sim *sim = xcalloc(1, sizeof(*sim));

	sim->user = xstrdup(user);
	sim->store = store_new();
	sim->sessions = sessions_new(session_idle_s);
	sim->journal = journal_new();
	sim->faults.kind = &fault_kind;
	sim->settings = (struct settings){ .version = xstrdup("22.1.3"), .leader_uuid = xstrdup(OWN_CLUSTER_UUID),
					   .is_strict = true, .checks_domains = true };
	strs_add(&sim->settings.subdomains, "example.org");
	sim_keep_defaults(sim);
	sessions_set_password(sim->sessions, user, password);
	sim_reset(sim, NULL, NULL);
	return sim;
}

static void selections_release(struct sim *sim)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		free(sim->selections[i].key);
		free(sim->selections[i].objects);
		sim->selections[i] = (struct selection){ 0 };
	}
}

void sim_free(struct sim *sim)
{
	struct endpoint_count *count, *next;

	if (!sim)
		return;
	HASH_ITER(hh, sim->counters.endpoints, count, next) {
		HASH_DEL(sim->counters.endpoints, count);
		free(count->endpoint);
		free(count);
	}
	faults_clear(&sim->faults);
	selections_release(sim);
	settings_release(&sim->settings);
	settings_release(&sim->defaults);
	journal_free(sim->journal);
	sessions_free(sim->sessions);
	store_free(sim->store);
	free(sim->user);
	free(sim);
}

void sim_keep_defaults(struct sim *sim)
{
	settings_copy(&sim->defaults, &sim->settings);
}

const struct object *sim_tenant(const struct sim *sim, const char *name)
{
	return store_by_name(sim->store, &kinds[KIND_TENANT], ADMIN_TENANT, name);
}

static void make_tenant(struct sim *sim, const char *name)
{
	struct object_draft draft = { .kind = &kinds[KIND_TENANT], .tenant = ADMIN_TENANT, .is_seeded = true };

	if (sim_tenant(sim, name))
		return;
	draft.body = cJSON_CreateObject();
	draft.uuid = streq(name, ADMIN_TENANT) ? ADMIN_TENANT : NULL;
	json_put_str(draft.body, "name", name);
	kind_fill(draft.kind, draft.body);
	store_put(sim->store, &draft);
}

struct object *sim_commit(struct sim *sim, struct object_draft *draft, struct err *err)
{
	CLEANUP(cJSON_Deletep) cJSON *body = TAKE(draft->body);
	CLEANUP(strs_release) struct strs refs = { 0 };

	if (!refs_resolve(sim->store, draft->tenant, body, &refs, err))
		return NULL;
	cJSON_DeleteItemFromObjectCaseSensitive(body, "tenant_ref");
	cJSON_DeleteItemFromObjectCaseSensitive(body, "url");
	cJSON_DeleteItemFromObjectCaseSensitive(body, "_tenant");
	make_tenant(sim, draft->tenant);
	draft->body = TAKE(body);
	draft->refs = &refs;
	return store_put(sim->store, draft);
}

static void put_ref(cJSON *shown, const char *field, const struct object *object, const char *base, bool with_name)
{
	CLEANUP(freep) char *text = ref_show(object, base, with_name);

	json_put_str(shown, field, text);
}

cJSON *sim_show(const struct sim *sim, const struct object *object, const char *base, bool with_names)
{
	const struct object *tenant = sim_tenant(sim, object->tenant);
	cJSON *shown = cJSON_Duplicate(object->body, true);

	refs_show(sim->store, shown, base, with_names);
	put_ref(shown, "url", object, base, with_names);
	if (tenant && object->kind != &kinds[KIND_TENANT])
		put_ref(shown, "tenant_ref", tenant, base, with_names);
	return shown;
}

/* Whose a seeded object is: "_tenant", else what tenant_ref says, else admin. */
static char *seed_tenant(const struct sim *sim, const cJSON *object)
{
	CLEANUP(ref_release) struct ref ref = { 0 };
	const struct object *tenant = NULL;

	if (json_str(object, "_tenant"))
		return xstrdup(json_str(object, "_tenant"));
	if (json_str(object, "tenant_ref"))
		ref_parse(json_str(object, "tenant_ref"), &ref);
	if (ref.kind == &kinds[KIND_TENANT] && ref.uuid)
		tenant = store_by_uuid(sim->store, ref.kind, ref.uuid);
	if (ref.kind == &kinds[KIND_TENANT] && ref.name)
		return xstrdup(ref.name);
	return xstrdup(tenant ? tenant->name : ADMIN_TENANT);
}

static bool check_seed(const struct kind *kind, const cJSON *object, struct err *err)
{
	const cJSON *name = json_get(object, "name"), *uuid = json_get(object, "uuid");

	if (!cJSON_IsString(name) || !*name->valuestring)
		return err_set(err, ERR_INVALID, "%s: an object without a name", kind->type);
	if (uuid && (!cJSON_IsString(uuid) || !*uuid->valuestring || strpbrk(uuid->valuestring, "/?#")))
		return err_set(err, ERR_INVALID, "%s %s: this uuid cannot be", kind->type, name->valuestring);
	return true;
}

struct object *sim_seed(struct sim *sim, const struct kind *kind, const cJSON *given, struct err *err)
{
	CLEANUP(freep) char *tenant = NULL;
	CLEANUP(freep) char *uuid = NULL;
	CLEANUP(freep) char *written = NULL;
	CLEANUP(cJSON_Deletep) cJSON *body = NULL;
	struct object *old;

	if (!check_seed(kind, given, err))
		return NULL;
	tenant = kind_id(kind) == KIND_TENANT ? xstrdup(ADMIN_TENANT) : seed_tenant(sim, given);
	old = store_by_name(sim->store, kind, tenant, json_str(given, "name"));
	if (json_str(given, "uuid") || old)
		uuid = xstrdup(json_str(given, "uuid") ? json_str(given, "uuid") : old->uuid);
	if (old && !streq(old->uuid, uuid))
		store_remove(sim->store, old);
	body = cJSON_Duplicate(given, true);
	cJSON_DeleteItemFromObjectCaseSensitive(body, "_tenant");
	written = json_text(body);
	kind_fill(kind, body);
	return sim_commit(sim, &(struct object_draft){ .kind = kind, .tenant = tenant, .uuid = uuid, .body = TAKE(body),
						       .written = written, .is_seeded = true }, NULL);
}

static void merge(cJSON *target, const cJSON *change)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, change) {
		cJSON *at = cJSON_GetObjectItemCaseSensitive(target, item->string);

		if (cJSON_IsObject(item) && cJSON_IsObject(at)) {
			merge(at, item);
			continue;
		}
		cJSON_DeleteItemFromObjectCaseSensitive(target, item->string);
		if (!cJSON_IsNull(item))
			json_put(target, item->string, cJSON_Duplicate(item, true));
	}
}

bool sim_edit(struct sim *sim, struct object *object, const cJSON *change, struct err *err)
{
	CLEANUP(cJSON_Deletep) cJSON *body = cJSON_Duplicate(object->body, true);
	CLEANUP(freep) char *tenant = xstrdup(object->tenant);
	CLEANUP(freep) char *uuid = xstrdup(object->uuid);
	CLEANUP(freep) char *written = xstrdup(object->written);
	const struct object *other;

	merge(body, change);
	cJSON_DeleteItemFromObjectCaseSensitive(body, "uuid");
	if (!check_seed(object->kind, body, err))
		return false;
	other = store_by_name(sim->store, object->kind, tenant, json_str(body, "name"));
	if (other && other != object)
		return err_set(err, ERR_CONFLICT, "%s %s: the name is taken", object->kind->type, json_str(body, "name"));
	sim_commit(sim,
		   &(struct object_draft){ .kind = object->kind,
					  .tenant = tenant,
					  .uuid = uuid,
					  .body = TAKE(body),
					  .written = written,
					  .is_seeded = object->is_seeded,
					  .is_by_client = object->is_by_client },
		   NULL);
	return true;
}

static bool check_state(const cJSON *state, struct err *err)
{
	const cJSON *objects = json_get(state, "objects"), *list, *object;

	if (!cJSON_IsObject(state) || (objects && !cJSON_IsObject(objects)))
		return err_set(err, ERR_INVALID, "the state is not an object with \"objects\"");
	if (json_str(state, "version") && !version_is_valid(json_str(state, "version")))
		return err_set(err, ERR_INVALID, "version: want numbers with dots");
	cJSON_ArrayForEach(list, objects) {
		const struct kind *kind = kind_find(slice_of(list->string));

		if (!kind || !cJSON_IsArray(list))
			return err_set(err, ERR_INVALID, "objects.%s: no type of object with a list", list->string);
		cJSON_ArrayForEach(object, list)
			if (!check_seed(kind, object, err))
				return false;
	}
	return true;
}

static void replace_text(char **to, const char *text)
{
	if (!text)
		return;
	free(*to);
	*to = xstrdup(text);
}

static void replace_list(struct strs *to, const cJSON *list)
{
	if (!list)
		return;
	strs_release(to);
	json_strs(list, to);
}

bool sim_reset(struct sim *sim, const cJSON *state, struct err *err)
{
	CLEANUP(cJSON_Deletep) cJSON *fresh = cJSON_CreateObject();
	const cJSON *object;

	json_put(fresh, "objects", json_parse(slice_of(system_objects), NULL));
	if (!state)
		state = fresh;
	if (!check_state(state, err))
		return false;
	settings_copy(&sim->settings, &sim->defaults);
	replace_text(&sim->settings.version, json_str(state, "version"));
	replace_text(&sim->settings.leader_uuid, json_str(state, "leader"));
	replace_list(&sim->settings.subdomains, json_get(state, "subdomains"));
	replace_list(&sim->settings.third_party_sites, json_get(state, "third_party_sites"));
	selections_release(sim);
	store_free(sim->store);
	sim->store = store_new();
	journal_clear(sim->journal);
	faults_clear(&sim->faults);
	make_tenant(sim, ADMIN_TENANT);
	for (size_t i = 0; i < N_KINDS; i++)
		cJSON_ArrayForEach(object, json_at(state, "objects", kinds[i].type, NULL))
			sim_seed(sim, &kinds[i], object, NULL);
	return true;
}

void sim_count(struct sim *sim, const char *endpoint)
{
	struct endpoint_count *count;

	HASH_FIND_STR(sim->counters.endpoints, endpoint, count);
	if (!count && HASH_COUNT(sim->counters.endpoints) >= MAX_ENDPOINTS)
		return;
	if (!count) {
		count = xcalloc(1, sizeof(*count));
		count->endpoint = xstrdup(endpoint);
		HASH_ADD_KEYPTR(hh, sim->counters.endpoints, count->endpoint, strlen(count->endpoint), count);
	}
	count->n++;
}

cJSON *sim_counts(const struct sim *sim)
{
	cJSON *counts = cJSON_CreateObject();

	for (const struct endpoint_count *c = sim->counters.endpoints; c; c = c->hh.next)
		json_put_int(counts, c->endpoint, (int64_t)c->n);
	return counts;
}
