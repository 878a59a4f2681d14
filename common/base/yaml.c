#include "common/base/yaml.h"

#include <yaml.h>

#define NODE_BYTES 80            /* a cJSON and what the allocator adds, about */

struct anchor {
	char *name;
	const cJSON *value;           /* inside the value that is being built: a copy is made for each alias */
};

struct reader {
	yaml_parser_t parser;
	struct slice text;
	struct anchor *anchors;
	size_t n_anchors, cap_anchors;
	size_t bytes_left;
	struct err *err;
};

/* Lines count from 1. */
static bool fail(struct reader *r, size_t line, const char *what)
{
	return err_set(r->err, ERR_INVALID, "line %zu: %s", line, what);
}

static bool fail_at(struct reader *r, const yaml_event_t *event, const char *what)
{
	return fail(r, event->start_mark.line + 1, what);
}

/* Where bytes are no text libyaml knows only the offset. */
static size_t problem_line(const struct reader *r)
{
	size_t line = 1;

	if (r->parser.error != YAML_READER_ERROR)
		return r->parser.problem_mark.line + 1;
	for (size_t i = 0; i < r->parser.problem_offset && i < r->text.n; i++)
		line += r->text.p[i] == '\n';
	return line;
}

static bool next(struct reader *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event))
		return true;
	return fail(r, problem_line(r), r->parser.problem ? r->parser.problem : "not YAML");
}

static bool spend(struct reader *r, const yaml_event_t *event, size_t bytes)
{
	if (bytes > r->bytes_left)
		return fail_at(r, event, "too large");
	r->bytes_left -= bytes;
	return true;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (streq(text, *words))
			return true;
	return false;
}

/* JSON's grammar: no leading zeros, no hexadecimals, no infinity. */
static bool is_number(const char *s)
{
	size_t n;

	s += *s == '-';
	n = strspn(s, "0123456789");
	if (!n || (n > 1 && *s == '0'))
		return false;
	s += n;
	if (*s == '.') {
		n = strspn(s + 1, "0123456789");
		if (!n)
			return false;
		s += n + 1;
	}
	if (*s == 'e' || *s == 'E') {
		s += 1 + (s[1] == '+' || s[1] == '-');
		n = strspn(s, "0123456789");
		if (!n)
			return false;
		s += n;
	}
	return !*s;
}

static cJSON *plain_value(const char *text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const trues[] = { "true", "True", "TRUE", NULL };
	static const char *const falses[] = { "false", "False", "FALSE", NULL };

	if (is_one_of(text, nulls))
		return cJSON_CreateNull();
	if (is_one_of(text, trues))
		return cJSON_CreateTrue();
	if (is_one_of(text, falses))
		return cJSON_CreateFalse();
	return is_number(text) ? cJSON_CreateNumber(strtod(text, NULL)) : cJSON_CreateString(text);
}

static bool scalar_text(struct reader *r, const yaml_event_t *event, const char **text)
{
	*text = (const char *)event->data.scalar.value;
	if (strlen(*text) != event->data.scalar.length)
		return fail_at(r, event, "text with a NUL in it");
	return true;
}

static bool build_scalar(struct reader *r, const yaml_event_t *event, cJSON **out)
{
	bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !event->data.scalar.tag;
	const char *text;

	if (!scalar_text(r, event, &text) || !spend(r, event, NODE_BYTES + event->data.scalar.length))
		return false;
	*out = is_plain ? plain_value(text) : cJSON_CreateString(text);
	return true;
}

static const cJSON *anchored(const struct reader *r, const char *name)
{
	for (size_t i = r->n_anchors; i-- > 0;)
		if (streq(r->anchors[i].name, name))
			return r->anchors[i].value;
	return NULL;
}

/* The levels of a value, and the memory that a copy takes. */
static size_t measure(const cJSON *value, size_t *bytes)
{
	size_t height = 0;
	const cJSON *item;

	*bytes += NODE_BYTES + (value->string ? strlen(value->string) : 0) +
		  (cJSON_IsString(value) ? strlen(value->valuestring) : 0);
	cJSON_ArrayForEach(item, value)
		height = MAX(height, measure(item, bytes));
	return height + 1;
}

/* An anchor is known only once its value is complete, so that no value can hold itself. */
static bool build_alias(struct reader *r, const yaml_event_t *event, size_t depth, cJSON **out)
{
	const cJSON *value = anchored(r, (const char *)event->data.alias.anchor);
	size_t bytes = 0;

	if (!value)
		return fail_at(r, event, "an alias without its anchor");
	if (depth + measure(value, &bytes) > YAML_MAX_DEPTH)
		return fail_at(r, event, "nested too deep");
	if (!spend(r, event, bytes))
		return false;
	*out = cJSON_Duplicate(value, true);
	return true;
}

static bool build(struct reader *r, yaml_event_t *event, size_t depth, cJSON **out);

static bool build_list(struct reader *r, size_t depth, cJSON *list)
{
	for (;;) {
		CLEANUP(yaml_event_delete) yaml_event_t event = { 0 };
		cJSON *item = NULL;

		if (!next(r, &event))
			return false;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			return true;
		if (!build(r, &event, depth, &item))
			return false;
		cJSON_AddItemToArray(list, item);
	}
}

static bool build_object(struct reader *r, size_t depth, cJSON *object)
{
	for (;;) {
		CLEANUP(yaml_event_delete) yaml_event_t key = { 0 }, event = { 0 };
		const char *name;
		cJSON *value = NULL;

		if (!next(r, &key))
			return false;
		if (key.type == YAML_MAPPING_END_EVENT)
			return true;
		if (key.type != YAML_SCALAR_EVENT)
			return fail_at(r, &key, "a key must be text");
		if (!scalar_text(r, &key, &name) || !spend(r, &key, key.data.scalar.length))
			return false;
		if (streq(name, "<<") && key.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
			return fail_at(r, &key, "merge keys (<<) are not supported");
		if (!next(r, &event) || !build(r, &event, depth, &value))
			return false;
		json_put(object, name, value);
	}
}

static bool build_container(struct reader *r, yaml_event_t *event, size_t depth, cJSON **out)
{
	bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
	CLEANUP(cJSON_Deletep) cJSON *value = is_list ? cJSON_CreateArray() : cJSON_CreateObject();

	if (depth >= YAML_MAX_DEPTH)
		return fail_at(r, event, "nested too deep");
	if (!spend(r, event, NODE_BYTES))
		return false;
	if (is_list ? !build_list(r, depth + 1, value) : !build_object(r, depth + 1, value))
		return false;
	*out = TAKE(value);
	return true;
}

static bool remember(struct reader *r, const yaml_event_t *event, const yaml_char_t *name, const cJSON *value)
{
	if (!name)
		return true;
	if (r->n_anchors >= YAML_MAX_ANCHORS)
		return fail_at(r, event, "too many anchors");
	r->anchors = grow(r->anchors, &r->cap_anchors, r->n_anchors, sizeof(*r->anchors));
	r->anchors[r->n_anchors++] = (struct anchor){ xstrdup((const char *)name), value };
	return true;
}

static bool build(struct reader *r, yaml_event_t *event, size_t depth, cJSON **out)
{
	const yaml_char_t *anchor = NULL;
	bool is_built;

	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return build_alias(r, event, depth, out);
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		is_built = build_scalar(r, event, out);
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = event->data.sequence_start.anchor;
		is_built = build_container(r, event, depth, out);
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = event->data.mapping_start.anchor;
		is_built = build_container(r, event, depth, out);
		break;
	default:
		return fail_at(r, event, "a value is missing");
	}
	if (!is_built || remember(r, event, anchor, *out))
		return is_built;
	cJSON_Delete(TAKE(*out));
	return false;
}

/* Stream start, document start, the value; one event more, so that what follows without being YAML is noticed. */
static bool build_document(struct reader *r, cJSON **out)
{
	CLEANUP(yaml_event_delete) yaml_event_t stream = { 0 }, start = { 0 }, value = { 0 }, end = { 0 }, after = { 0 };

	if (!next(r, &stream) || !next(r, &start))
		return false;
	if (start.type == YAML_STREAM_END_EVENT) {
		*out = cJSON_CreateNull();
		return true;
	}
	return next(r, &value) && build(r, &value, 0, out) && next(r, &end) && next(r, &after);
}

cJSON *yaml_parse(struct slice text, struct err *err)
{
	struct reader r = { .text = text, .bytes_left = YAML_MAX_VALUE_BYTES, .err = err };
	cJSON *value = NULL;

	if (!yaml_parser_initialize(&r.parser))
		abort();
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.n ? text.p : ""), text.n);
	if (!build_document(&r, &value)) {
		cJSON_Delete(value);
		value = NULL;
	}
	yaml_parser_delete(&r.parser);
	for (size_t i = 0; i < r.n_anchors; i++)
		free(r.anchors[i].name);
	free(r.anchors);
	return value;
}
