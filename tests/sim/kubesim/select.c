#include "tests/sim/kubesim/select.h"

#define NAME_FIELD "metadata.name"
#define NAMESPACE_FIELD "metadata.namespace"

static struct ks_requirement *add(struct ks_selector *s, struct slice key, int op)
{
	s->v = grow(s->v, &s->cap, s->n, sizeof(*s->v));
	s->v[s->n] = (struct ks_requirement){ .key = slice_dup(slice_trim(key)), .op = (unsigned)op };
	return &s->v[s->n++];
}

/* Splits at commas that are not inside of parentheses. */
static bool next_part(struct slice *rest, struct slice *part)
{
	size_t depth = 0, i;

	if (!rest->p)
		return false;
	for (i = 0; i < rest->n && (depth || rest->p[i] != ','); i++)
		depth += rest->p[i] == '(' ? 1 : rest->p[i] == ')' && depth ? (size_t)-1 : 0;
	*part = slice_trim((struct slice){ rest->p, i });
	*rest = i < rest->n ? (struct slice){ rest->p + i + 1, rest->n - i - 1 } : (struct slice){ NULL, 0 };
	return true;
}

static bool is_key(struct slice key)
{
	for (size_t i = 0; i < key.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./", key.p[i]))
			return false;
	return key.n > 0;
}

static const char *find(struct slice text, const char *word)
{
	return memmem(text.p, text.n, word, strlen(word));
}

/* "key in (a,b)": false where it is nothing of the kind. */
static bool parse_set(struct slice part, const char *word, int op, struct ks_selector *out)
{
	const char *at = find(part, word), *end = part.p + part.n;
	struct slice values, value;
	struct ks_requirement *r;

	if (!at || end[-1] != ')')
		return false;
	values = slice_trim((struct slice){ at + strlen(word), (size_t)(end - at) - strlen(word) });
	if (!values.n || values.p[0] != '(' || !is_key(slice_trim((struct slice){ part.p, (size_t)(at - part.p) })))
		return false;
	values = (struct slice){ values.p + 1, values.n - 2 };
	r = add(out, (struct slice){ part.p, (size_t)(at - part.p) }, op);
	while (slice_split(&values, ',', &value))
		strs_take(&r->values, slice_dup(slice_trim(value)));
	return true;
}

/* "key<op>value": 1 taken, 0 nothing of the kind. */
static bool parse_pair(struct slice part, const char *word, int op, struct ks_selector *out)
{
	const char *at = find(part, word);
	struct slice key, value;

	if (!at)
		return false;
	key = slice_trim((struct slice){ part.p, (size_t)(at - part.p) });
	value = slice_trim((struct slice){ at + strlen(word), (size_t)(part.p + part.n - at) - strlen(word) });
	if (!is_key(key) || (value.n && !is_key(value)))
		return false;
	strs_take(&add(out, key, op)->values, slice_dup(value));
	return true;
}

static bool parse_label(struct slice part, struct ks_selector *out)
{
	bool is_not = part.n && part.p[0] == '!';
	struct slice bare = is_not ? slice_trim((struct slice){ part.p + 1, part.n - 1 }) : part;

	if (is_key(bare)) {
		add(out, bare, is_not ? KS_NOT_EXISTS : KS_EXISTS);
		return true;
	}
	return parse_set(part, " notin", KS_NOT_IN, out) || parse_set(part, " in", KS_IN, out) ||
	       parse_pair(part, "!=", KS_NOT_IN, out) || parse_pair(part, "==", KS_IN, out) ||
	       parse_pair(part, "=", KS_IN, out) || parse_pair(part, ">", KS_GREATER, out) ||
	       parse_pair(part, "<", KS_LESS, out);
}

bool ks_selector_parse_labels(const char *text, struct ks_selector *out, struct err *err)
{
	struct slice rest = slice_of(text), part;

	if (!text || !*text)
		return true;
	while (next_part(&rest, &part))
		if (!parse_label(part, out))
			return err_set(err, ERR_INVALID,
				       "unable to parse requirement: found '%.*s', expected: a requirement",
				       (int)part.n, part.p);
	return true;
}

static bool find_field(const struct ks_kind *kind, struct ks_requirement *r, struct err *err)
{
	if (streq(r->key, NAME_FIELD) || (streq(r->key, NAMESPACE_FIELD) && kind->is_namespaced)) {
		r->field = streq(r->key, NAMESPACE_FIELD);
		return true;
	}
	for (size_t i = 0; kind->fields && kind->fields[i]; i++) {
		r->field = i + 2;
		if (streq(r->key, kind->fields[i]))
			return true;
	}
	if (kind->is_builtin && !kind->fields)
		return err_set(err, ERR_INVALID, "\"%s\" is not a known field selector: only \"%s\", \"%s\"", r->key,
			       NAME_FIELD, NAMESPACE_FIELD);
	return err_set(err, ERR_INVALID, "field label not supported: %s", r->key);
}

bool ks_selector_parse_fields(const char *text, const struct ks_kind *kind, struct ks_selector *out, struct err *err)
{
	struct slice rest = slice_of(text), part;

	while (text && *text && slice_split(&rest, ',', &part)) {
		if (!part.n)
			continue;
		if (!parse_pair(part, "!=", KS_NOT_IN, out) && !parse_pair(part, "==", KS_IN, out) &&
		    !parse_pair(part, "=", KS_IN, out))
			return err_set(err, ERR_INVALID, "invalid selector: '%s'; can't understand '%.*s'", text,
				       (int)part.n, part.p);
		if (!find_field(kind, &out->v[out->n - 1], err))
			return false;
	}
	return true;
}

static bool fits(const struct ks_requirement *r, const char *value)
{
	switch (r->op) {
	case KS_IN: return value && strs_has(&r->values, value);
	case KS_NOT_IN: return !value || !strs_has(&r->values, value);
	case KS_EXISTS: return value;
	case KS_NOT_EXISTS: return !value;
	case KS_GREATER: return value && strtoll(value, NULL, 10) > strtoll(r->values.v[0], NULL, 10);
	case KS_LESS: return value && strtoll(value, NULL, 10) < strtoll(r->values.v[0], NULL, 10);
	}
	return false;
}

bool ks_selector_has_labels(const struct ks_selector *s, const struct pairs *labels)
{
	for (size_t i = 0; i < s->n; i++)
		if (!fits(&s->v[i], pairs_get(labels, s->v[i].key)))
			return false;
	return true;
}

bool ks_selector_has_fields(const struct ks_selector *s, const struct ks_version *version)
{
	for (size_t i = 0; i < s->n; i++) {
		size_t field = s->v[i].field;
		const char *value = field == 0   ? version->name
				    : field == 1 ? version->namespace
						 : version->fields.v[field - 2];

		if (!fits(&s->v[i], value))
			return false;
	}
	return true;
}

void ks_selector_release(struct ks_selector *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].key);
		strs_release(&s->v[i].values);
	}
	free(s->v);
	*s = (struct ks_selector){ 0 };
}
