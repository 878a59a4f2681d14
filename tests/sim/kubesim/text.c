#include "tests/sim/kubesim/text.h"

#include <openssl/evp.h>
#include <sys/time.h>
#include <time.h>
#include <uuid/uuid.h>

#include "common/io/backoff.h"

#define GENERATED_CHARS "bcdfghjklmnpqrstvwxz2456789"
#define GENERATED_PREFIX_MAX 58

char *ks_now(bool with_micros)
{
	struct timeval now;
	struct tm parts;
	char text[32];

	gettimeofday(&now, NULL);
	gmtime_r(&now.tv_sec, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	return with_micros ? xasprintf("%s.%06ldZ", text, (long)now.tv_usec) : xasprintf("%sZ", text);
}

char *ks_new_uid(void)
{
	uuid_t uuid;
	char text[37];

	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, text);
	return xstrdup(text);
}

char *ks_generated_name(const char *prefix)
{
	char end[6] = "";

	for (size_t i = 0; i < 5; i++)
		end[i] = GENERATED_CHARS[random_below(sizeof(GENERATED_CHARS) - 1)];
	return xasprintf("%.*s%s", GENERATED_PREFIX_MAX, prefix, end);
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_label(struct slice text)
{
	if (!text.n || text.n > 63 || !is_alnum(text.p[0]) || !is_alnum(text.p[text.n - 1]))
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (!is_alnum(text.p[i]) && text.p[i] != '-')
			return false;
	return true;
}

bool ks_is_label(const char *name)
{
	return is_label(slice_of(name));
}

bool ks_is_subdomain(const char *name)
{
	struct slice rest = slice_of(name), part;

	if (rest.n > 253 || !rest.n)
		return false;
	while (slice_split(&rest, '.', &part)) {
		struct slice whole = part;

		/* A label of a subdomain is not bounded by itself, only the whole name is. */
		whole.n = MIN(whole.n, (size_t)63);
		if (part.n > 63 ? !is_alnum(part.p[part.n - 1]) : !is_label(whole))
			return false;
	}
	return true;
}

char *ks_base64(struct slice bytes)
{
	char *out = xmalloc(4 * ((bytes.n + 2) / 3) + 1);
	int n = EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)(bytes.p ? bytes.p : ""), (int)bytes.n);

	out[n] = '\0';
	return out;
}

bool ks_unbase64(const char *text, char **out, size_t *n)
{
	size_t length = strlen(text);
	char *bytes = xcalloc(1, length + 4);
	int got = EVP_DecodeBlock((unsigned char *)bytes, (const unsigned char *)text, (int)length);

	if (got < 0 || length % 4) {
		free(bytes);
		return false;
	}
	for (size_t i = length; i > 0 && i > length - 2 && text[i - 1] == '='; i--)
		got--;
	bytes[got] = '\0';
	*out = bytes;
	*n = (size_t)got;
	return true;
}

void ks_put_quoted(struct buf *out, const char *text)
{
	buf_puts(out, "\"");
	for (const char *p = text; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_printf(out, "\\%c", *p);
		else if ((unsigned char)*p < 0x20)
			buf_printf(out, "\\u%04x", *p);
		else
			buf_add(out, (struct slice){ p, 1 });
	}
	buf_puts(out, "\"");
}

static size_t n_children(const cJSON *value)
{
	size_t n = 0;

	for (const cJSON *child = value->child; child; child = child->next)
		n++;
	return n;
}

static bool same_object(const cJSON *a, const cJSON *b)
{
	const cJSON *beside = b->child;

	if (n_children(a) != n_children(b))
		return false;
	/* Mostly both are in the same order: look beside first. */
	for (const cJSON *child = a->child; child; child = child->next, beside = beside ? beside->next : NULL) {
		const cJSON *other =
			beside && streq(beside->string, child->string) ? beside : ks_child(b, child->string);

		if (!other || !ks_same(child, other))
			return false;
	}
	return true;
}

bool ks_same(const cJSON *a, const cJSON *b)
{
	int type;

	if (!a || !b)
		return a == b;
	type = a->type & 0xff;
	if (type != (b->type & 0xff))
		return false;
	switch (type) {
	case cJSON_Number: return a->valuedouble == b->valuedouble;
	case cJSON_String: return streq(a->valuestring, b->valuestring);
	case cJSON_Object: return same_object(a, b);
	case cJSON_Array: break;
	default: return true;
	}
	for (a = a->child, b = b->child; a && b; a = a->next, b = b->next)
		if (!ks_same(a, b))
			return false;
	return a == b;
}

cJSON *ks_child(const cJSON *object, const char *key)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

void ks_set(cJSON *object, const char *key, cJSON *value)
{
	if (ks_child(object, key))
		cJSON_ReplaceItemInObjectCaseSensitive(object, key, value);
	else
		json_put(object, key, value);
}

cJSON *ks_need_object(cJSON *object, const char *key)
{
	cJSON *child = ks_child(object, key);

	if (cJSON_IsObject(child))
		return child;
	ks_set(object, key, cJSON_CreateObject());
	return ks_child(object, key);
}

void ks_set_str(cJSON *object, const char *key, const char *text)
{
	ks_set(object, key, cJSON_CreateString(text));
}

void ks_set_int(cJSON *object, const char *key, int64_t number)
{
	ks_set(object, key, cJSON_CreateNumber((double)number));
}

void ks_drop(cJSON *object, const char *key)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
}

static bool is_free_text(const char *key)
{
	static const char *const keys[] = { "labels", "annotations", "data", "binaryData", "stringData", "matchLabels",
					    "selector", "nodeSelector", "managedFields" };

	for (size_t i = 0; key && i < ARRAY_SIZE(keys); i++)
		if (streq(key, keys[i]))
			return true;
	return false;
}

static bool is_empty(const cJSON *value)
{
	return cJSON_IsNull(value) || (cJSON_IsArray(value) && !value->child) ||
	       (cJSON_IsString(value) && !*value->valuestring) ||
	       (cJSON_IsObject(value) && !value->child && is_free_text(value->string));
}

void ks_drop_empty(cJSON *value)
{
	cJSON *child, *next;

	for (child = value->child; child; child = next) {
		next = child->next;
		if (cJSON_IsObject(value) && is_empty(child))
			cJSON_Delete(cJSON_DetachItemViaPointer(value, child));
		else if ((cJSON_IsObject(child) || cJSON_IsArray(child)) && !is_free_text(child->string))
			ks_drop_empty(child);
	}
}

const cJSON *ks_at(const cJSON *object, const char *path)
{
	struct slice rest = slice_of(path), part;

	while (object && slice_split(&rest, '.', &part)) {
		CLEANUP(freep) char *key = slice_dup(part);

		object = ks_child(object, key);
	}
	return object;
}
