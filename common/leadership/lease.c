#include "common/leadership/lease.h"

#include "common/leadership/marks.h"

#include <inttypes.h>
#include <time.h>

/* Copies a text that must fit; an absent one is empty. */
static bool put_text(char *out, size_t size, const char *text)
{
	if (text && strlen(text) >= size)
		return false;
	snprintf(out, size, "%s", text ? text : "");
	return true;
}
#define PUT_TEXT(out, text) put_text(out, sizeof(out), text)

static const char *mark(const cJSON *annotations, const char *name)
{
	char key[64];

	snprintf(key, sizeof(key), MARK_PREFIX "%s", name);
	return json_str(annotations, key);
}

static bool number_mark(const cJSON *annotations, const char *name, int64_t *out, struct err *err)
{
	const char *text = mark(annotations, name);

	*out = 0;
	if (text && !epoch_parse(text, out))
		return err_set(err, ERR_INVALID, "annotation " MARK_PREFIX "%s is no whole number up to 2^53", name);
	return true;
}

static bool read_view(const cJSON *annotations, struct roster *roster, struct claim *out, struct err *err)
{
	const char *view = mark(annotations, "view");

	if (view && !views_parse(slice_of(view), roster, out))
		return err_set(err, ERR_INVALID, "annotation " MARK_PREFIX "view is no view, or names too many clusters");
	return true;
}

static bool read_marks(const cJSON *annotations, struct roster *roster, struct claim *out, struct err *err)
{
	const char *acquired = mark(annotations, "acquired"), *fence = mark(annotations, "fence");
	const char *released = mark(annotations, "released"), *handover = mark(annotations, "handover");

	if (!number_mark(annotations, "epoch", &out->epoch, err) ||
	    !number_mark(annotations, "promotion", &out->promotion, err) || !read_view(annotations, roster, out, err))
		return false;
	if (out->promotion < out->epoch / EPOCHS_PER_PROMOTION)
		return err_set(err, ERR_INVALID, "annotation " MARK_PREFIX "promotion is behind its epoch");
	if (!PUT_TEXT(out->federation, mark(annotations, "federation")))
		return err_set(err, ERR_INVALID, "annotation " MARK_PREFIX "federation is too long");
	out->is_acquired = acquired && streq(acquired, "true");
	out->is_released = released && streq(released, "true");
	out->is_fenceless = fence && streq(fence, "none");
	out->handover = NOBODY;
	if (handover && *handover && (out->handover = roster_add(roster, slice_of(handover))) == NOBODY)
		return err_set(err, ERR_INVALID, "annotation " MARK_PREFIX "handover names no cluster there is room for");
	return true;
}

bool lease_from_json(const cJSON *lease, struct roster *roster, struct claim *out, struct version *version,
		     struct lease_contact *contact, struct err *err)
{
	const cJSON *metadata = json_get(lease, "metadata"), *annotations = json_get(metadata, "annotations");
	struct version at = { 0 };
	struct claim claim = { 0 };

	if (!PUT_TEXT(at.uid, json_str(metadata, "uid")) || !PUT_TEXT(at.revision, json_str(metadata, "resourceVersion")) ||
	    !*at.uid || !*at.revision)
		return err_set(err, ERR_INVALID, "Lease without a uid or resourceVersion that can be read");
	if (!PUT_TEXT(claim.holder, json_str(json_get(lease, "spec"), "holderIdentity")))
		return err_set(err, ERR_INVALID, "spec.holderIdentity is too long");
	if (*claim.holder && holder_context(claim.holder).n == 0)
		return err_set(err, ERR_INVALID, "spec.holderIdentity is no <context>/<pod>/<pod uid>/<random>");
	if (!read_marks(annotations, roster, &claim, err))
		return false;
	*out = claim;
	*version = at;
	if (contact)
		*contact = (struct lease_contact){ mark(annotations, "endpoint"), mark(annotations, "public-key") };
	return true;
}

void microtime_text(int64_t us, char out[MICROTIME_MAX])
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;
	size_t n;

	n = gmtime_r(&seconds, &tm) ? strftime(out, MICROTIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm) : 0;
	snprintf(out + n, MICROTIME_MAX - n, ".%06dZ", (int)(us % 1000000));
}

static void put_mark(cJSON *annotations, const char *name, const char *text)
{
	char key[64];

	snprintf(key, sizeof(key), MARK_PREFIX "%s", name);
	json_put_str(annotations, key, text);
}

static void put_number(cJSON *annotations, const char *name, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	put_mark(annotations, name, text);
}

static void put_annotations(cJSON *annotations, const struct claim *claim, const struct roster *roster,
			    const struct lease_contact *contact)
{
	put_number(annotations, "epoch", claim->epoch);
	put_mark(annotations, "acquired", claim->is_acquired ? "true" : "false");
	put_number(annotations, "promotion", claim->promotion);
	if (*claim->federation)
		put_mark(annotations, "federation", claim->federation);
	if (claim->has_view) {
		CLEANUP(freep) char *view = views_text(claim, roster);

		put_mark(annotations, "view", view);
	}
	if (claim->is_released)
		put_mark(annotations, "released", "true");
	if (claim->is_fenceless)
		put_mark(annotations, "fence", "none");
	if (claim->handover != NOBODY)
		put_mark(annotations, "handover", roster->context[claim->handover]);
	if (contact && contact->endpoint)
		put_mark(annotations, "endpoint", contact->endpoint);
	if (contact && contact->public_key)
		put_mark(annotations, "public-key", contact->public_key);
}

cJSON *lease_to_json(const struct claim *claim, const struct version *version, const struct roster *roster,
		     const struct lease_contact *contact, const struct timing *timing, const char *namespace,
		     int64_t now_us)
{
	cJSON *lease = cJSON_CreateObject(), *metadata, *spec;
	char now[MICROTIME_MAX];

	microtime_text(now_us, now);
	json_put_str(lease, "apiVersion", "coordination.k8s.io/v1");
	json_put_str(lease, "kind", "Lease");
	metadata = json_put_object(lease, "metadata");
	json_put_str(metadata, "name", LEASE_NAME);
	json_put_str(metadata, "namespace", namespace);
	if (*version->uid) {
		json_put_str(metadata, "uid", version->uid);
		json_put_str(metadata, "resourceVersion", version->revision);
	}
	put_annotations(json_put_object(metadata, "annotations"), claim, roster, contact);
	spec = json_put_object(lease, "spec");
	json_put_str(spec, "holderIdentity", claim->holder);
	/* Whole seconds, as the API demands; never 0. */
	json_put_int(spec, "leaseDurationSeconds", MAX(1, timing->lease_ms / 1000));
	json_put_str(spec, "renewTime", now);
	return lease;
}
