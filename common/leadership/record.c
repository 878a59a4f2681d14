#include "common/leadership/record.h"

#include <ctype.h>
#include <inttypes.h>

#define PUT_TEXT(out, text) ((size_t)snprintf(out, sizeof(out), "%s", (text) ? (text) : "") < sizeof(out))

bool record_name(const char *federation, char out[RECORD_NAME_MAX])
{
	size_t n = strlen(federation);

	if (n == 0 || n >= UID_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)federation[i]) && federation[i] != '-')
			return false;
	return snprintf(out, RECORD_NAME_MAX, "amko-%s-leadership", federation) < RECORD_NAME_MAX;
}

static const char *value_of(const cJSON *object, const char *key)
{
	const cJSON *pair;

	cJSON_ArrayForEach(pair, json_get(object, "kv"))
		if (streq0(json_str(pair, "key"), key))
			return json_str(pair, "value");
	return NULL;
}

static bool number_of(const cJSON *object, const char *key, int64_t *out, struct err *err)
{
	const char *text = value_of(object, key);

	if (!text || !epoch_parse(text, out))
		return err_set(err, ERR_INVALID, "leadership record: %s is no whole number up to 2^53", key);
	return true;
}

static bool read_values(const cJSON *object, struct roster *roster, struct claim *out, struct err *err)
{
	const char *holder = value_of(object, "holder"), *view = value_of(object, "view");

	if (!number_of(object, "epoch", &out->epoch, err) || !number_of(object, "promotion", &out->promotion, err) ||
	    !number_of(object, "counter", &out->counter, err))
		return false;
	if (out->promotion < out->epoch / EPOCHS_PER_PROMOTION)
		return err_set(err, ERR_INVALID, "leadership record: promotion is behind its epoch");
	if (!holder || !PUT_TEXT(out->holder, holder) || holder_context(out->holder).n == 0)
		return err_set(err, ERR_INVALID, "leadership record: holder is no <context>/<pod>/<pod uid>/<random>");
	if (view && !views_parse(slice_of(view), roster, out))
		return err_set(err, ERR_INVALID, "leadership record: view is no view, or names too many clusters");
	out->is_acquired = true;
	out->handover = NOBODY;
	return true;
}

enum record_state record_from_json(const cJSON *object, struct roster *roster, struct claim *out, struct version *version,
				   struct err *err)
{
	struct version at = { 0 };
	struct claim claim = { 0 };

	if (!PUT_TEXT(at.uid, json_str(object, "uuid")) || !PUT_TEXT(at.revision, json_str(object, "_last_modified")) ||
	    !*at.uid || !*at.revision) {
		err_set(err, ERR_INVALID, "leadership record: without a uuid or _last_modified that can be read");
		return RECORD_GARBAGE;
	}
	if (!read_values(object, roster, &claim, err))
		return RECORD_GARBAGE;
	*out = claim;
	*version = at;
	return RECORD_FOUND;
}

enum record_state record_from_list(const cJSON *answer, const char *name, struct roster *roster, struct claim *out,
				   struct version *version, struct err *err)
{
	const cJSON *results = cJSON_GetObjectItemCaseSensitive(answer, "results"), *object, *found = NULL;

	/* null is an empty list; without it nothing was said. */
	if (!cJSON_IsArray(results) && !cJSON_IsNull(results)) {
		err_set(err, ERR_INVALID, "leadership record: the answer has no list of results");
		return RECORD_GARBAGE;
	}
	cJSON_ArrayForEach(object, results)
		if (!found && streq0(json_str(object, "name"), name))
			found = object;
	return found ? record_from_json(found, roster, out, version, err) : RECORD_ABSENT;
}

static void put_pair(cJSON *pairs, const char *key, const char *value)
{
	cJSON *pair = json_add_object(pairs);

	json_put_str(pair, "key", key);
	json_put_str(pair, "value", value);
}

static void put_number(cJSON *pairs, const char *key, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	put_pair(pairs, key, text);
}

cJSON *record_to_json(const struct claim *claim, const struct version *version, const struct roster *roster,
		      const char *name)
{
	cJSON *object = cJSON_CreateObject(), *pairs;
	CLEANUP(freep) char *view = views_text(claim, roster);

	json_put_str(object, "name", name);
	json_put_str(object, "type", "SG_TYPE_KEYVAL");
	if (*version->uid) {
		json_put_str(object, "uuid", version->uid);
		json_put_str(object, "_last_modified", version->revision);
	}
	pairs = json_put_array(object, "kv");
	put_number(pairs, "epoch", claim->epoch);
	put_pair(pairs, "holder", claim->holder);
	put_number(pairs, "promotion", claim->promotion);
	if (claim->has_view)
		put_pair(pairs, "view", view);
	put_number(pairs, "counter", claim->counter);
	return object;
}
