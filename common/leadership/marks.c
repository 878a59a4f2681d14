#include "common/leadership/marks.h"

#include <inttypes.h>

#define PUT_TEXT(out, text) ((size_t)snprintf(out, sizeof(out), "%s", (text) ? (text) : "") < sizeof(out))

static const char *mark_of(const cJSON *cluster, const char *name)
{
	char key[64];

	snprintf(key, sizeof(key), MARK_PREFIX "%s", name);
	return json_str(json_at(cluster, "metadata", "annotations", NULL), key);
}

char *kept_text(const struct kept *kept)
{
	CLEANUP(cJSON_Deletep) cJSON *json = cJSON_CreateObject();
	char epoch[24];

	json_put_bool(json, "isLeader", kept->is_leader);
	if (*kept->promote)
		json_put_str(json, "promote", kept->promote);
	json_put_int(json, "number", kept->promotion);
	json_put_bool(json, "ended", kept->is_ended);
	json_put_bool(json, "forced", kept->is_forced);
	json_put_bool(json, "led", kept->has_led);
	/* cJSON prints a number of more than fifteen digits as another one. */
	snprintf(epoch, sizeof(epoch), "%" PRId64, kept->epoch);
	json_put(json, "epoch", cJSON_CreateRaw(epoch));
	return json_text(json);
}

bool kept_parse(struct slice text, struct kept *out)
{
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(text, NULL);
	struct kept kept = { .is_kept = true };

	if (!cJSON_IsObject(json) || !PUT_TEXT(kept.promote, json_str(json, "promote")))
		return false;
	kept.is_leader = json_bool(json, "isLeader", false);
	kept.promotion = json_int(json, "number", -1);
	kept.is_ended = json_bool(json, "ended", false);
	kept.is_forced = json_bool(json, "forced", false);
	kept.has_led = json_bool(json, "led", false);
	kept.epoch = json_int(json, "epoch", -1);
	if (kept.promotion < 0 || kept.promotion > PROMOTION_MAX || kept.epoch < 0 || kept.epoch > EPOCH_MAX)
		return false;
	*out = kept;
	return true;
}

static const struct {
	const char *word;
	size_t offset;
} fitness_words[] = {
	{ "avi", offsetof(struct fitness, has_avi) },
	{ "api", offsetof(struct fitness, has_api) },
	{ "credentials", offsetof(struct fitness, has_credentials) },
	{ "copy", offsetof(struct fitness, is_current) },
	{ "uuid", offsetof(struct fitness, has_federation) },
};

char *fitness_text(const struct fitness *fitness)
{
	char out[64] = "";

	for (size_t i = 0; i < ARRAY_SIZE(fitness_words); i++)
		if (*(const bool *)((const char *)fitness + fitness_words[i].offset))
			snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", *out ? " " : "",
				 fitness_words[i].word);
	return xstrdup(out);
}

void fitness_parse(struct slice text, struct fitness *out)
{
	struct slice word;

	*out = (struct fitness){ 0 };
	while (slice_split(&text, ' ', &word))
		for (size_t i = 0; i < ARRAY_SIZE(fitness_words); i++)
			if (slice_eq(word, fitness_words[i].word))
				*(bool *)((char *)out + fitness_words[i].offset) = true;
}

static bool read_kept(const cJSON *cluster, struct kept *out, struct err *err)
{
	const char *text = mark_of(cluster, "promotion");

	*out = (struct kept){ 0 };
	if (text && !kept_parse(slice_of(text), out))
		return err_set(err, ERR_INVALID, "annotation " MARK_PREFIX "promotion is not what amko wrote there: remove it");
	return true;
}

static bool read_is_leader(const cJSON *spec, bool *out, struct err *err)
{
	const cJSON *value = json_get(spec, "isLeader");

	if (value && !cJSON_IsBool(value))
		return err_set(err, ERR_INVALID, "spec.isLeader is neither true nor false");
	*out = cJSON_IsTrue(value);
	return true;
}

static bool has_other_context(const cJSON *spec, const char *context)
{
	return !streq0(json_str(spec, "clusterContext"), context);
}

bool peer_from_json(const cJSON *cluster, const char *context, struct peer *out, struct err *err)
{
	const char *role = mark_of(cluster, "role"), *fit = mark_of(cluster, "fit");
	const cJSON *spec = json_get(cluster, "spec");
	struct peer peer = { .is_marked = role && *role, .has_other_context = has_other_context(spec, context) };

	if (!PUT_TEXT(peer.uid, json_str(json_get(cluster, "metadata"), "uid")))
		return err_set(err, ERR_INVALID, "metadata.uid is too long");
	if (!read_is_leader(spec, &peer.is_leader, err) || !read_kept(cluster, &peer.kept, err))
		return false;
	fitness_parse(slice_of(fit), &peer.fitness);
	*out = peer;
	return true;
}

static bool read_mode(const cJSON *spec, enum mode *out, struct err *err)
{
	const char *failover = json_str(spec, "failover");

	if (failover && !streq(failover, "Manual") && !streq(failover, "Automatic"))
		return err_set(err, ERR_INVALID, "spec.failover: %.32s is neither Manual nor Automatic", failover);
	*out = failover && streq(failover, "Automatic") ? MODE_AUTOMATIC : MODE_MANUAL;
	return true;
}

static void read_members(const cJSON *spec, struct roster *roster, struct own *out)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, json_get(spec, "clusters")) {
		int member = cJSON_IsString(item) ? roster_add(roster, slice_of(item->valuestring)) : NOBODY;

		out->members |= member_bit(member);
		out->is_cut |= member == NOBODY;
	}
}

bool own_from_json(const cJSON *cluster, const char *context, struct roster *roster, struct own *out, struct err *err)
{
	const cJSON *spec = json_get(cluster, "spec");
	struct own own = { .has_other_context = has_other_context(spec, context) };

	if (!PUT_TEXT(own.promote, mark_of(cluster, "promote")))
		return err_set(err, ERR_INVALID, "annotation " MARK_PREFIX "promote is too long");
	if (!read_is_leader(spec, &own.is_leader, err) || !read_mode(spec, &own.mode, err) ||
	    !read_kept(cluster, &own.kept, err))
		return false;
	own.members = member_bit(roster_add(roster, slice_of(context)));
	read_members(spec, roster, &own);
	*out = own;
	return true;
}
