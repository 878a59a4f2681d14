#include "tests/sim/avisim/journal.h"

#include "tests/sim/avisim/text.h"

struct line {
	char *text;
	size_t n_bytes;
};

/* A ring: line n is at n % JOURNAL_MAX_ENTRIES. */
struct journal {
	struct line *lines;
	uint64_t first_n, last_n;      /* empty when first_n > last_n */
	size_t n_bytes;
	uint64_t n_dropped;
};

struct journal *journal_new(void)
{
	struct journal *j = xcalloc(1, sizeof(*j));

	j->lines = xcalloc(JOURNAL_MAX_ENTRIES, sizeof(*j->lines));
	j->first_n = 1;
	return j;
}

static void drop_first(struct journal *j)
{
	struct line *line = &j->lines[j->first_n++ % JOURNAL_MAX_ENTRIES];

	j->n_bytes -= line->n_bytes;
	free(TAKE(line->text));
}

void journal_clear(struct journal *j)
{
	while (j->first_n <= j->last_n)
		drop_first(j);
	j->n_dropped = 0;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	journal_clear(j);
	free(j->lines);
	free(j);
}

static bool is_sensitive(const char *key)
{
	static const char *const keys[] = { "password", "token", "secret", "private_key", "passphrase" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcasecmp(key, keys[i]) == 0)
			return true;
	return false;
}

static void keep_back(cJSON *value)
{
	cJSON *item;

	cJSON_ArrayForEach(item, value) {
		if (item->string && cJSON_IsString(item) && is_sensitive(item->string))
			cJSON_SetValuestring(item, "<sensitive>");
		else
			keep_back(item);
	}
}

static void put_text(cJSON *object, const char *key, const char *text)
{
	json_put(object, key, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

/* Paths, headers and bodies come as they are sent; what reads the log wants UTF-8. */
static char *make_utf8(char *text)
{
	size_t at = 0, n = strlen(text);

	while ((at += utf8_valid_bytes((struct slice){ text + at, n - at })) < n)
		text[at] = '?';
	return text;
}

static char *entry_text(const struct journal_entry *e, uint64_t n, int64_t now_ms)
{
	CLEANUP(cJSON_Deletep) cJSON *o = cJSON_CreateObject();
	cJSON *body = e->body ? cJSON_Duplicate(e->body, true) : cJSON_CreateNull();

	keep_back(body);
	json_put_int(o, "n", (int64_t)n);
	json_put_int(o, "time_ms", now_ms);
	put_text(o, "method", e->method);
	put_text(o, "path", e->path);
	put_text(o, "query", e->query);
	put_text(o, "target", e->target);
	put_text(o, "tenant", e->tenant);
	put_text(o, "version", e->version);
	json_put(o, "session", e->session ? cJSON_CreateNumber(e->session) : cJSON_CreateNull());
	put_text(o, "user", e->user);
	put_text(o, "agent", e->agent);
	json_put(o, "body", body);
	json_put_int(o, "status", e->status);
	put_text(o, "type", e->type);
	put_text(o, "uuid", e->uuid);
	put_text(o, "name", e->name);
	json_put_int(o, "fault", e->fault);
	return make_utf8(json_text(o));
}

void journal_add(struct journal *j, const struct journal_entry *entry, int64_t now_ms)
{
	uint64_t n = j->last_n + 1;
	char *text = entry_text(entry, n, now_ms);
	size_t n_bytes = strlen(text);

	while (j->first_n <= j->last_n &&
	       (n - j->first_n >= JOURNAL_MAX_ENTRIES || j->n_bytes + n_bytes > (size_t)JOURNAL_MAX_BYTES)) {
		drop_first(j);
		j->n_dropped++;
	}
	j->lines[n % JOURNAL_MAX_ENTRIES] = (struct line){ text, n_bytes };
	j->n_bytes += n_bytes;
	j->last_n = n;
}

char *journal_since(const struct journal *j, uint64_t since, size_t limit)
{
	uint64_t n = MAX(since < UINT64_MAX ? since + 1 : since, j->first_n);
	struct buf out;

	buf_init(&out, j->n_bytes + 2 * JOURNAL_MAX_ENTRIES + 2);
	buf_puts(&out, "[");
	for (size_t i = 0; n <= j->last_n && (!limit || i < limit); i++, n++) {
		const struct line *line = &j->lines[n % JOURNAL_MAX_ENTRIES];

		buf_puts(&out, i ? ",\n" : "");
		buf_add(&out, (struct slice){ line->text, line->n_bytes });
	}
	buf_puts(&out, "]");
	return buf_take(&out);
}

uint64_t journal_last_n(const struct journal *j)
{
	return j->last_n;
}

size_t journal_count(const struct journal *j)
{
	return j->last_n + 1 - j->first_n;
}

uint64_t journal_n_dropped(const struct journal *j)
{
	return j->n_dropped;
}
