#include "common/mirror/carry.h"

#include <utlist.h>

#define OPERATIONS_MAX 4             /* of one object: apply, put, label, and one more for who changed it meanwhile */

struct job {
	struct carry *carry;
	struct copies_entry wanted;
	enum mirror_verb verb;       /* that is under way */
	enum mirror_done done;
	int n_operations;
	struct kube_call *call;
	struct job *prev, *next;
};

struct carry {
	struct kube_client *kube;
	carry_done_fn *done;
	void *arg;
	struct job *jobs;
	size_t n_jobs;
};

struct carry *carry_new(struct kube_client *kube, carry_done_fn *done, void *arg)
{
	struct carry *carry = xcalloc(1, sizeof(*carry));

	*carry = (struct carry){ .kube = kube, .done = done, .arg = arg };
	return carry;
}

static void job_free(struct job *job)
{
	DL_DELETE(job->carry->jobs, job);
	job->carry->n_jobs--;
	kube_cancel(job->call);
	copy_release(&job->wanted.copy);
	free(job->wanted.stamp);
	free(job);
}

void carry_free(struct carry *carry)
{
	if (!carry)
		return;
	while (carry->jobs)
		job_free(carry->jobs);
	free(carry);
}

/* Ends the job. */
static void tell(struct job *job, struct carry_result result)
{
	struct carry *carry = job->carry;
	CLEANUP(freep) char *key = TAKE(job->wanted.copy.key), *stamp = TAKE(job->wanted.stamp);

	/* The place is free before anybody hears of it. */
	job_free(job);
	result.key = key;
	result.stamp = stamp;
	carry->done(carry->arg, &result);
}

static void fail(struct job *job, const struct err *err, int64_t retry_after_ms)
{
	static const char *const verbs[] = { "look at", "apply", "put", "label", "delete" };
	struct err why = *err;

	err_wrap(&why, "%s %s", verbs[job->verb], job->wanted.copy.key);
	tell(job, (struct carry_result){ .result = MIRROR_PENDING, .err = &why, .retry_after_ms = retry_after_ms });
}

/* ---- requests ---- */

static const struct {
	const char *method, *query;
	enum kube_body body_type;
} requests[] = {
	[MIRROR_NOTHING] = { "GET", "", KUBE_BODY_NONE },
	[MIRROR_APPLY] = { "PATCH", "?fieldManager=" CARRY_FIELD_MANAGER "&force=true", KUBE_BODY_APPLY },
	[MIRROR_PUT] = { "PUT", "?fieldManager=" CARRY_FIELD_MANAGER, KUBE_BODY_JSON },
	[MIRROR_LABEL] = { "PATCH", "?fieldManager=" CARRY_FIELD_MANAGER, KUBE_BODY_MERGE_PATCH },
	[MIRROR_DELETE] = { "DELETE", "", KUBE_BODY_JSON },
};

static void on_answer(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms);

static void request(struct job *job, const struct mirror_step *step)
{
	struct copy_key key;
	CLEANUP(freep) char *path = NULL, *with_query = NULL;

	if (!copy_key_parse(slice_of(job->wanted.copy.key), &key))
		abort();
	path = kube_path(key.kind, key.namespace, key.name, NULL);
	with_query = xconcat(path, requests[step->verb].query);
	job->verb = step->verb;
	job->n_operations++;
	job->call = kube_start(job->carry->kube, &(struct kube_request){
		.method = requests[step->verb].method, .path = with_query, .body_type = requests[step->verb].body_type,
		.body = step->body, .done = on_answer, .arg = job,
	});
}

static void look(struct job *job, const cJSON *actual)
{
	CLEANUP(mirror_step_release) struct mirror_step step;

	mirror_decide(&job->wanted, actual, job->done, &step);
	/* Something in the cluster takes away again what was written, with each write. */
	if (step.verb != MIRROR_NOTHING && job->n_operations == OPERATIONS_MAX)
		step.result = MIRROR_STUBBORN;
	if (step.verb != MIRROR_NOTHING && step.result != MIRROR_STUBBORN)
		request(job, &step);
	else
		tell(job, (struct carry_result){ .result = step.result, .retry_after_ms = -1,
						 .generation = json_int(json_get(actual, "metadata"), "generation", 0) });
}

/* ---- answers ---- */

/* The answer to a DELETE is a Status, or the object while something holds it. */
static void on_deleted(struct job *job, const cJSON *json)
{
	const cJSON *finalizers = json_at(json, "metadata", "finalizers", NULL);
	struct err err;

	if (cJSON_GetArraySize(finalizers) == 0) {
		tell(job, (struct carry_result){ .result = MIRROR_GONE, .retry_after_ms = -1 });
		return;
	}
	err_set(&err, ERR_RETRY, "waits for its finalizers (%.100s)", cJSON_GetStringValue(cJSON_GetArrayItem(finalizers, 0)) ?: "?");
	fail(job, &err, -1);
}

static void on_answer(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct job *job = arg;

	job->call = NULL;
	if (err && err->code == ERR_NOTFOUND && job->verb == MIRROR_DELETE) {
		on_deleted(job, NULL);
	} else if (err && err->code == ERR_NOTFOUND && job->verb != MIRROR_APPLY) {
		look(job, NULL);      /* there is none, or somebody deleted it just now */
	} else if (err) {
		fail(job, err, retry_after_ms);
	} else if (job->verb == MIRROR_DELETE) {
		on_deleted(job, json);
	} else {
		if (job->verb == MIRROR_APPLY)
			job->done = MIRROR_DONE_APPLY;
		if (job->verb == MIRROR_PUT)
			job->done = MIRROR_DONE_PUT;
		look(job, json);
	}
}

/* ---- starting ---- */

static bool is_under_way(const struct carry *carry, const char *key)
{
	const struct job *job;

	DL_FOREACH(carry->jobs, job)
		if (streq(job->wanted.copy.key, key))
			return true;
	return false;
}

static void copy_entry(const struct copies_entry *from, struct copies_entry *to)
{
	to->copy = from->copy;
	to->copy.key = xstrdup(from->copy.key);
	to->copy.body = from->copy.body ? xstrndup(from->copy.body, from->copy.n_body) : NULL;
	to->stamp = xstrdup(from->stamp);
	to->serial = from->serial;
}

bool carry_start(struct carry *carry, const struct copies_entry *wanted, const cJSON *actual)
{
	struct job *job;

	if (carry->n_jobs == CARRY_MAX || is_under_way(carry, wanted->copy.key))
		return false;
	job = xcalloc(1, sizeof(*job));
	job->carry = carry;
	copy_entry(wanted, &job->wanted);
	DL_APPEND(carry->jobs, job);
	carry->n_jobs++;
	if (!actual && copies_is_tombstone(wanted))
		request(job, &(struct mirror_step){ .verb = MIRROR_NOTHING });
	else
		look(job, actual);
	return true;
}

size_t carry_under_way(const struct carry *carry)
{
	return carry->n_jobs;
}
