#include "tests/sim/kubesim/journal.h"

#include <time.h>

#include "tests/sim/kubesim/text.h"

/* A ring: entry n is at n % KS_JOURNAL_MAX_ENTRIES. */
struct ks_journal {
	char **lines;
	uint64_t first_n, last_n;      /* empty when first_n > last_n */
	size_t n_bytes;
};

struct ks_journal *ks_journal_new(void)
{
	struct ks_journal *j = xcalloc(1, sizeof(*j));

	j->lines = xcalloc(KS_JOURNAL_MAX_ENTRIES, sizeof(*j->lines));
	j->first_n = 1;
	return j;
}

static void drop_first(struct ks_journal *j)
{
	char **line = &j->lines[j->first_n++ % KS_JOURNAL_MAX_ENTRIES];

	j->n_bytes -= strlen(*line);
	free(TAKE(*line));
}

void ks_journal_clear(struct ks_journal *j)
{
	while (j->first_n <= j->last_n)
		drop_first(j);
}

void ks_journal_free(struct ks_journal *j)
{
	if (!j)
		return;
	ks_journal_clear(j);
	free(j->lines);
	free(j);
}

static void put(struct buf *out, const char *key, const char *value)
{
	buf_printf(out, ",\"%s\":", key);
	if (value)
		ks_put_quoted(out, value);
	else
		buf_puts(out, "null");
}

static void put_query(struct buf *out, const struct ks_request *r)
{
	buf_puts(out, ",\"query\":{");
	for (size_t i = 0; i < r->n_params; i++) {
		buf_puts(out, i ? "," : "");
		ks_put_quoted(out, r->params[i].key);
		buf_puts(out, ":");
		ks_put_quoted(out, r->params[i].value);
	}
	buf_puts(out, "}");
}

void ks_journal_add(struct ks_journal *j, const struct ks_request *r, int status, int64_t fault)
{
	struct timespec now;
	struct buf out;

	clock_gettime(CLOCK_REALTIME, &now);
	if (j->last_n + 1 - j->first_n == KS_JOURNAL_MAX_ENTRIES)
		drop_first(j);
	buf_init(&out, 1024 * 1024);
	buf_printf(&out, "{\"n\":%lu,\"time_ms\":%lld", (unsigned long)++j->last_n,
		   (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	put(&out, "cluster", r->cluster->name);
	put(&out, "user", *r->user ? r->user : NULL);
	put(&out, "agent", r->agent);
	put(&out, "method", r->method);
	put(&out, "path", r->path);
	put_query(&out, r);
	put(&out, "verb", r->verb);
	put(&out, "resource", r->plural);
	put(&out, "namespace", r->namespace);
	put(&out, "name", r->name);
	put(&out, "subresource", r->sub);
	buf_printf(&out, ",\"status\":%d,\"fault\":%lld}", status, (long long)fault);
	j->n_bytes += out.n;
	j->lines[j->last_n % KS_JOURNAL_MAX_ENTRIES] = buf_take(&out);
}

char *ks_journal_since(const struct ks_journal *j, uint64_t since, size_t limit)
{
	uint64_t n = MAX(since < UINT64_MAX ? since + 1 : since, j->first_n);
	struct buf out;

	buf_init(&out, j->n_bytes + 2 * KS_JOURNAL_MAX_ENTRIES + 2);
	buf_puts(&out, "[");
	for (size_t i = 0; n <= j->last_n && (!limit || i < limit); i++, n++) {
		buf_puts(&out, i ? ",\n" : "");
		buf_puts(&out, j->lines[n % KS_JOURNAL_MAX_ENTRIES]);
	}
	buf_puts(&out, "]");
	return buf_take(&out);
}

uint64_t ks_journal_last_n(const struct ks_journal *j)
{
	return j->last_n;
}
