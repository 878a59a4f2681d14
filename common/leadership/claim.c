#include "common/leadership/claim.h"

#include "common/base/buf.h"

#include <inttypes.h>

int roster_find(const struct roster *roster, struct slice context)
{
	for (int i = 0; i < ROSTER_MAX; i++)
		if (context.n && slice_eq(context, roster->context[i]))
			return i;
	return NOBODY;
}

int roster_add(struct roster *roster, struct slice context)
{
	int found = roster_find(roster, context);

	if (found != NOBODY || context.n == 0 || context.n >= CONTEXT_MAX || memchr(context.p, '\0', context.n))
		return found;
	for (int i = 0; i < ROSTER_MAX; i++) {
		if (roster->context[i][0])
			continue;
		memcpy(roster->context[i], context.p, context.n);
		roster->context[i][context.n] = '\0';
		return i;
	}
	return NOBODY;
}

int roster_next(const struct roster *roster, uint64_t members, int after)
{
	int next = NOBODY;

	for (int i = 0; i < ROSTER_MAX; i++) {
		const char *context = roster->context[i];

		if (!(members & member_bit(i)) || (after != NOBODY && strcmp(context, roster->context[after]) <= 0))
			continue;
		if (next == NOBODY || strcmp(context, roster->context[next]) < 0)
			next = i;
	}
	return next;
}

bool view_same(const struct view *a, const struct view *b)
{
	return a->mode == b->mode && a->members == b->members;
}

#define VIEW_TEXT_MAX (VIEWS_MAX * (ROSTER_MAX * CONTEXT_MAX * 3 + 64))

static void add_escaped(struct buf *out, const char *context)
{
	for (; *context; context++) {
		unsigned char c = (unsigned char)*context;

		if (c <= ' ' || c == '%' || c == '|' || c == 0x7f)
			buf_printf(out, "%%%02X", c);
		else
			buf_add(out, (struct slice){ context, 1 });
	}
}

static void add_view(struct buf *out, const struct view *view, const struct roster *roster)
{
	buf_printf(out, "%s %" PRId64 " %" PRId64, view->mode == MODE_AUTOMATIC ? "Automatic" : "Manual", view->epoch,
		   view->serial);
	for (int i = roster_next(roster, view->members, NOBODY); i != NOBODY; i = roster_next(roster, view->members, i)) {
		buf_puts(out, " ");
		add_escaped(out, roster->context[i]);
	}
}

char *view_text(const struct view *view, const struct roster *roster)
{
	CLEANUP(buf_release) struct buf out;

	buf_init(&out, VIEW_TEXT_MAX);
	add_view(&out, view, roster);
	return buf_take(&out);
}

char *views_text(const struct claim *claim, const struct roster *roster)
{
	CLEANUP(buf_release) struct buf out;

	buf_init(&out, VIEW_TEXT_MAX);
	add_view(&out, &claim->view, roster);
	for (int i = 0; i < claim->n_before; i++) {
		buf_puts(&out, "|");
		add_view(&out, &claim->before[i], roster);
	}
	return buf_take(&out);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool unescape(struct slice word, char out[CONTEXT_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < word.n; i++) {
		int c = (unsigned char)word.p[i];

		if (c == '%') {
			if (i + 2 >= word.n || hex_digit(word.p[i + 1]) < 0 || hex_digit(word.p[i + 2]) < 0)
				return false;
			c = hex_digit(word.p[i + 1]) * 16 + hex_digit(word.p[i + 2]);
			i += 2;
		}
		if (c == 0 || n + 1 >= CONTEXT_MAX)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return n > 0;
}

static bool take_number(struct slice *rest, int64_t *out)
{
	char digits[20] = "";
	struct slice word;

	if (!slice_split(rest, ' ', &word) || word.n >= sizeof(digits))
		return false;
	memcpy(digits, word.p, word.n);
	return epoch_parse(digits, out);
}

bool view_parse(struct slice text, struct roster *roster, struct view *out)
{
	struct slice rest = text, word;
	struct view view = { 0 };
	char context[CONTEXT_MAX];

	if (!slice_split(&rest, ' ', &word) || !(slice_eq(word, "Manual") || slice_eq(word, "Automatic")))
		return false;
	view.mode = slice_eq(word, "Automatic") ? MODE_AUTOMATIC : MODE_MANUAL;
	if (!take_number(&rest, &view.epoch) || !take_number(&rest, &view.serial))
		return false;
	while (slice_split(&rest, ' ', &word)) {
		int member = unescape(word, context) ? roster_add(roster, slice_of(context)) : NOBODY;

		if (member == NOBODY || (view.members & member_bit(member)))
			return false;
		view.members |= member_bit(member);
	}
	if (!view.members)
		return false;
	*out = view;
	return true;
}

bool views_parse(struct slice text, struct roster *roster, struct claim *out)
{
	struct slice rest = text, word;
	struct view views[VIEWS_MAX];
	int n = 0;

	while (slice_split(&rest, '|', &word))
		if (n == VIEWS_MAX || !view_parse(word, roster, &views[n++]))
			return false;
	if (n == 0)
		return false;
	out->has_view = true;
	out->view = views[0];
	out->n_before = n - 1;
	memcpy(out->before, views + 1, (size_t)(n - 1) * sizeof(*views));
	return true;
}

bool version_same(const struct version *a, const struct version *b)
{
	return streq(a->uid, b->uid) && streq(a->revision, b->revision);
}

/* What stands before the n-th slash from the right; all of it where there are fewer. */
static struct slice before_slash(const char *text, int n)
{
	size_t end = strlen(text);

	while (end > 0)
		if (text[--end] == '/' && --n == 0)
			return (struct slice){ text, end };
	return (struct slice){ text, 0 };
}

struct slice holder_context(const char *holder)
{
	return before_slash(holder, 3);
}

static bool is_part(const char *part)
{
	return *part && !strchr(part, '/');
}

bool holder_make(char out[HOLDER_MAX], const char *context, const char *pod, const char *pod_uid, const char *random)
{
	size_t n = strlen(context) + strlen(pod) + strlen(pod_uid) + strlen(random) + 3;

	if (!*context || !is_part(pod) || !is_part(pod_uid) || !is_part(random))
		return false;
	if (strlen(context) >= CONTEXT_MAX || n >= HOLDER_MAX)
		return false;
	snprintf(out, HOLDER_MAX, "%s/%s/%s/%s", context, pod, pod_uid, random);
	return true;
}

int claim_compare(const struct claim *a, const struct claim *b)
{
	int by_holder = strcmp(a->holder, b->holder);

	return a->epoch != b->epoch ? CMP(a->epoch, b->epoch) : CMP(by_holder, 0);
}

bool epoch_parse(const char *text, int64_t *out)
{
	int64_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (*text - '0');
		if (n > EPOCH_MAX)
			return false;
	}
	*out = n;
	return true;
}
