/* A leader's publisher, a follower's copier and its cluster, over real sockets: what is wanted comes to be there, and stays so. */
#include "tests/unit/unit.h"

#include <signal.h>
#include <uv.h>

#include "common/base/log.h"
#include "common/io/zserver.h"
#include "follower/copier.h"
#include "leader/federation/publish.h"
#include "tests/sim/kubesim/control.h"
#include "tests/sim/kubesim/load.h"

#define PATIENCE_MS 120000
#define BEAT_MS 200
#define UUID "3f0c7c1e"
#define MARK ",\"labels\":{\"amko.vmware.com/federated\":\"true\"}"

struct world {
	uv_loop_t loop;
	uv_timer_t late, beat;
	bool is_late;
	/* the follower's cluster */
	struct ks_pki pki;
	struct ks_settings settings;
	struct ks_journal *journal;
	struct faults faults;
	struct ks_cluster *cluster;
	struct ks_front *front;
	struct http_client *http;
	struct kube_client *kube;
	/* the leader */
	struct zkeys leader_keys, keys;
	struct zserver *server;
	struct copies *copies;
	struct publisher *publisher;
	struct strs ended;
	struct copier *copier;
};

#define run_until(w, condition) do { \
	uv_timer_start(&(w)->late, on_late, PATIENCE_MS, 0); \
	while (!(condition) && !(w)->is_late) \
		uv_run(&(w)->loop, UV_RUN_ONCE); \
	uv_timer_stop(&(w)->late); \
	assert_true(condition); } while (0)

static void on_late(uv_timer_t *timer)
{
	container_of(timer, struct world, late)->is_late = true;
}

/* ---- the leader ---- */

static void send_out(struct world *w, struct outbox *out)
{
	for (size_t i = 0; i < out->n; i++)
		if (!zserver_send(w->server, out->frames[i].peer, buf_slice(&out->frames[i].bytes)))
			publisher_lost(w->publisher, out->frames[i].peer);
	outbox_release(out);
}

static void on_message(void *arg, const char *name, struct slice frame)
{
	struct world *w = arg;
	struct outbox out = { 0 };

	publisher_receive(w->publisher, name, frame, &out, &w->ended);
	send_out(w, &out);
}

static void on_refused(void *arg, enum zserver_refusal refusal, const char *key, const char *name)
{
	(void)arg, (void)refusal, (void)key, (void)name;
}

static void on_beat(uv_timer_t *timer)
{
	struct world *w = container_of(timer, struct world, beat);
	struct outbox out = { 0 };

	publisher_beat(w->publisher, &out);
	send_out(w, &out);
}

static cJSON *rule(const char *name, int ttl, const char *metadata)
{
	CLEANUP(freep) char *text = xasprintf("{\"apiVersion\":\"amko.vmware.com/v1alpha1\",\"kind\":\"GSLBHostRule\",\"metadata\":{\"name\":\"%s\","
		"\"namespace\":\"shop\"%s},\"spec\":{\"fqdn\":\"%s.example.org\",\"ttl\":%d}}", name, metadata, name, ttl);
	cJSON *json = json_parse(slice_of(text), NULL);

	assert_non_null(json);
	return json;
}

static void publish(struct world *w)
{
	struct outbox out = { 0 };

	publisher_changed(w->publisher, &out);
	send_out(w, &out);
}

static void leader_has(struct world *w, const char *name, int ttl)
{
	CLEANUP(cJSON_Deletep) cJSON *json = rule(name, ttl, "");
	struct copy copy;

	assert_true(copy_from_object(&KUBE_GSLBHOSTRULES, json, &copy, NULL));
	assert_true(copies_put(w->copies, &copy, NULL));
	publish(w);
}

static void leader_sees_deletion(struct world *w, const char *name)
{
	CLEANUP(freep) char *key = xconcat("GSLBHostRule/shop/", name);

	assert_true(copies_delete(w->copies, key, "uid-1", NULL));
	publish(w);
}

static struct publisher_view view_of(const struct world *w)
{
	struct publisher_view view;

	assert_true(publisher_view(w->publisher, "west", &view));
	return view;
}

/* ---- the cluster ---- */

static struct ks_version *found(const struct world *w, const char *name)
{
	return ks_cluster_find(ks_kind_find(&w->cluster->kinds, "amko.vmware.com", "gslbhostrules"), "shop", name);
}

/* The ttl of an object there; 0: there is none. */
static int64_t ttl_of(const struct world *w, const char *name, bool *is_labelled)
{
	struct ks_version *version = found(w, name);
	CLEANUP(cJSON_Deletep) cJSON *json = version ? ks_version_parse(version) : NULL;

	*is_labelled = copy_is_labelled(json);
	return json_int(json_get(json, "spec"), "ttl", 0);
}

static bool is_copy(const struct world *w, const char *name, int ttl)
{
	bool is_labelled;

	return ttl_of(w, name, &is_labelled) == ttl && is_labelled;
}

static void cluster_has(struct world *w, const char *name, int ttl, const char *metadata)
{
	CLEANUP(cJSON_Deletep) cJSON *json = rule(name, ttl, metadata);
	struct err err;

	if (!ks_load_object(w->cluster, json, &err))
		fail_msg("%s", err.msg);
}

static void cluster_loses(struct world *w, const char *name)
{
	CLEANUP(cJSON_Deletep) cJSON *json = rule(name, 1, "");

	assert_true(ks_unload_object(w->cluster, json, NULL));
}

static bool is_settled(const struct world *w)
{
	struct copier_view view;

	copier_view(w->copier, &view);
	return view.is_following && !view.failing && view_of(w).is_current;
}

/* ---- both ---- */

static void on_change(void *arg)
{
	(void)arg;
}

static void start_copier(struct world *w)
{
	w->copier = copier_new(&(struct copier_options){
		.loop = &w->loop, .kube = w->kube, .context = "west", .software = "0.1.0", .federation = "", .backoff_min_ms = 50,
		.backoff_max_ms = 500, .silence_ms = 1000, .on_change = on_change, .arg = w });
}

static void follow(struct world *w)
{
	struct err err;

	if (!copier_follow(w->copier, zserver_endpoint(w->server), w->leader_keys.public_key, 7, &w->keys, &err))
		fail_msg("%s", err.msg);
}

static void start_cluster(struct world *w)
{
	struct kube_context context = { .name = (char *)"west" };
	struct err err;

	w->settings = (struct ks_settings){ .admin_token = "admin-token", .nobody_token = "nobody-token", .bookmark_ms = 60000 };
	w->faults.kind = &ks_fault_kind;
	assert_true(ks_pki_make(&w->pki, NULL, &err));
	w->journal = ks_journal_new();
	w->cluster = ks_cluster_new("west", 1000);
	w->cluster->on_event = ks_watch_on_event;
	w->cluster->on_kind_gone = ks_watch_on_kind_gone;
	if (!ks_load_definitions(w->cluster, "deploy/crds", &err))
		fail_msg("%s", err.msg);
	w->front = ks_front_new(&(struct ks_front_options){ .loop = &w->loop, .cluster = w->cluster, .settings = &w->settings, .pki = &w->pki,
							    .journal = w->journal, .faults = &w->faults, .listen = "127.0.0.1:0" }, &err);
	if (!w->front)
		fail_msg("%s", err.msg);
	cluster_has(w, "foreign", 60, "");
	context.server = xasprintf("https://%s", ks_front_address(w->front));
	context.ca_pem = w->pki.ca_pem;
	secret_set(&context.token, slice_of("admin-token"));
	w->http = http_client_new(&w->loop, 0);
	w->kube = kube_client_new(w->http, &context);
	free(context.server);
	secret_release(&context.token);
}

static void start_leader(struct world *w)
{
	const struct zserver_events events = { on_message, on_refused, w };
	CLEANUP(cJSON_Deletep) cJSON *json = cJSON_CreateObject();
	CLEANUP(pairs_release) struct pairs allowed = { 0 };
	struct strs members = { 0 };

	assert_true(zkeys_make(&w->leader_keys, NULL) && zkeys_make(&w->keys, NULL));
	w->server = zserver_new(&w->loop, "tcp://127.0.0.1:*", &w->leader_keys, 4096, &events, NULL);
	json_put_str(json, w->keys.public_key, "west");
	pairs_from_json(json, &allowed);
	zserver_allow(w->server, &allowed);
	w->copies = copies_new();
	w->publisher = publisher_new(&(struct publisher_options){ UUID, "east", "0.1.0", 7, BEAT_MS }, w->copies);
	strs_add(&members, "west");
	publisher_set_members(w->publisher, &members, &w->ended);
	publisher_set_ready(w->publisher);
	strs_release(&members);
	uv_timer_start(&w->beat, on_beat, BEAT_MS, BEAT_MS);
}

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	uv_loop_init(&w->loop);
	uv_timer_init(&w->loop, &w->late);
	uv_timer_init(&w->loop, &w->beat);
	start_cluster(w);
	start_leader(w);
	start_copier(w);
	follow(w);
	leader_has(w, "a", 10);
	leader_has(w, "b", 10);
	run_until(w, is_copy(w, "a", 10) && is_copy(w, "b", 10) && is_settled(w));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	copier_free(w->copier);
	zserver_free(w->server);
	kube_client_free(w->kube);
	http_client_free(w->http);
	ks_front_free(w->front);
	uv_close((uv_handle_t *)&w->late, NULL);
	uv_close((uv_handle_t *)&w->beat, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	publisher_free(w->publisher);
	copies_free(w->copies);
	ks_cluster_free(w->cluster);
	faults_clear(&w->faults);
	ks_journal_free(w->journal);
	ks_pki_release(&w->pki);
	zkeys_release(&w->leader_keys);
	zkeys_release(&w->keys);
	strs_release(&w->ended);
	free(w);
	return 0;
}

static void what_the_leader_has_is_there_and_what_it_does_not_name_stays(void **state)
{
	struct world *w = *state;
	struct copier_view view;
	bool is_labelled;

	copier_view(w->copier, &view);
	assert_int_equal(view.copies, 2);
	assert_int_equal(view.foreign, 1);
	assert_text(view.federation, UUID);
	assert_int_equal(ttl_of(w, "foreign", &is_labelled), 60);
	assert_false(is_labelled);
	run_until(w, view_of(w).foreign == 1 && view_of(w).copies == 2);
}

static void a_change_and_a_deletion_come_through_and_the_tombstone_ends(void **state)
{
	struct world *w = *state;

	leader_has(w, "a", 20);
	leader_sees_deletion(w, "b");
	leader_has(w, "c", 30);
	run_until(w, is_copy(w, "a", 20) && is_copy(w, "c", 30) && !found(w, "b"));
	run_until(w, w->ended.n == 1);
	assert_text(w->ended.v[0], "GSLBHostRule/shop/b");
	assert_non_null(found(w, "foreign"));
}

static void who_edits_or_deletes_a_copy_is_overruled(void **state)
{
	struct world *w = *state;

	cluster_has(w, "a", 99, MARK);
	run_until(w, is_copy(w, "a", 10));
	cluster_loses(w, "b");
	run_until(w, is_copy(w, "b", 10));
}

static void an_own_object_that_the_leader_names_is_labelled_and_follows(void **state)
{
	struct world *w = *state;

	leader_has(w, "foreign", 60);
	run_until(w, is_copy(w, "foreign", 60));
	leader_has(w, "foreign", 61);
	run_until(w, is_copy(w, "foreign", 61));
}

static void without_a_leader_nothing_is_reverted(void **state)
{
	struct world *w = *state;
	bool is_labelled;

	assert_true(copier_follow(w->copier, NULL, NULL, 7, NULL, NULL));
	cluster_has(w, "a", 99, MARK);
	/* A barrier: by the time that a later object is known here, the edit is too. */
	for (int i = 0; i < 20; i++)
		uv_run(&w->loop, UV_RUN_ONCE);
	assert_int_equal(ttl_of(w, "a", &is_labelled), 99);
	follow(w);
	run_until(w, is_copy(w, "a", 10));
}

static void a_restart_that_changes_nothing_writes_nothing(void **state)
{
	struct world *w = *state;
	uint64_t rv = w->cluster->rv;

	copier_free(w->copier);
	start_copier(w);
	follow(w);
	run_until(w, is_settled(w));
	assert_int_equal(w->cluster->rv, rv);
}

static void a_leader_of_an_older_epoch_is_not_followed(void **state)
{
	struct world *w = *state;
	struct copier_view view;

	assert_true(copier_follow(w->copier, zserver_endpoint(w->server), w->leader_keys.public_key, 8, &w->keys, NULL));
	leader_has(w, "a", 20);
	run_until(w, (copier_view(w->copier, &view), streq(view.refusal, "epoch")));
	assert_true(is_copy(w, "a", 10));
	assert_false(view.is_following);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_the_leader_has_is_there_and_what_it_does_not_name_stays),
		TEST(a_change_and_a_deletion_come_through_and_the_tombstone_ends),
		TEST(who_edits_or_deletes_a_copy_is_overruled),
		TEST(an_own_object_that_the_leader_names_is_labelled_and_follows),
		TEST(without_a_leader_nothing_is_reverted),
		TEST(a_restart_that_changes_nothing_writes_nothing),
		TEST(a_leader_of_an_older_epoch_is_not_followed),
	};

	json_init();
	signal(SIGPIPE, SIG_IGN);
	log_init("copier_test", LOG_ERROR, LOG_LOGFMT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
