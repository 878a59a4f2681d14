#include "common/io/http_target.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes; a % without two hex digits stays as it is. NULL when a NUL would come out. */
static char *decode(struct slice text, bool plus_is_blank)
{
	char *out = xmalloc(text.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		int high = text.p[i] == '%' && i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text.p[i + 2]) : -1;

		out[n] = text.p[i] == '+' && plus_is_blank ? ' ' : text.p[i];
		if (low >= 0) {
			out[n] = (char)(high << 4 | low);
			i += 2;
		}
		if (out[n++] == '\0') {
			free(out);
			return NULL;
		}
	}
	out[n] = '\0';
	return out;
}

static bool read_params(struct slice query, struct http_target *out)
{
	struct slice pair;

	while (slice_split(&query, '&', &pair)) {
		struct slice key, value = pair;
		struct http_param *param;

		if (!pair.n)
			continue;
		if (out->n_params == HTTP_MAX_PARAMS)
			return false;
		slice_split(&value, '=', &key);
		param = &out->params[out->n_params++];
		param->key = decode(key, true);
		param->value = decode(value, true);
		if (!param->key || !param->value)
			return false;
	}
	return true;
}

bool http_target_read(const char *target, struct http_target *out)
{
	struct slice rest = slice_of(target), path;
	const char *authority = strstr(target, "://");

	if (authority && target[0] != '/') {        /* absolute form, as sent to proxies */
		const char *slash = strchr(authority + 3, '/');

		rest = slice_of(slash ? slash : "/");
	}
	*out = (struct http_target){ 0 };
	slice_split(&rest, '?', &path);
	out->params = xcalloc(HTTP_MAX_PARAMS, sizeof(*out->params));
	out->path = decode(path, false);
	return out->path && read_params(rest, out);
}

void http_target_release(struct http_target *target)
{
	if (!target)
		return;
	for (size_t i = 0; i < target->n_params; i++) {
		free(target->params[i].key);
		free(target->params[i].value);
	}
	free(target->params);
	free(target->path);
	*target = (struct http_target){ 0 };
}
