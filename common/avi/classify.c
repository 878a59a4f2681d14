#include "common/avi/session.h"

static const struct {
	const char *name;
	enum err_code code;
} classes[N_AVI_CLASSES] = {
	[AVI_OK] = { "ok", ERR_NONE },
	[AVI_UNREADABLE] = { "unreadable", ERR_RETRY },
	[AVI_UNSENT] = { "unsent", ERR_CANCELLED },
	[AVI_NETWORK] = { "network", ERR_RETRY },
	[AVI_SERVER] = { "server", ERR_RETRY },
	[AVI_THROTTLED] = { "throttled", ERR_RETRY },
	[AVI_BAD_CREDENTIALS] = { "bad_credentials", ERR_AUTH },
	[AVI_UNAUTHORIZED] = { "unauthorized", ERR_AUTH },
	[AVI_FORBIDDEN] = { "forbidden", ERR_FORBIDDEN },
	[AVI_REFERRED] = { "referred", ERR_FORBIDDEN },
	[AVI_NOTFOUND] = { "notfound", ERR_NOTFOUND },
	[AVI_CONFLICT] = { "conflict", ERR_CONFLICT },
	[AVI_CONCURRENT] = { "concurrent", ERR_CONFLICT },
	[AVI_NOT_LEADER] = { "not_leader", ERR_RETRY },
	[AVI_MAINTENANCE] = { "maintenance", ERR_RETRY },
	[AVI_DOMAIN_CONFLICT] = { "domain_conflict", ERR_CONFLICT },
	[AVI_REFUSED] = { "refused", ERR_INVALID },
};

/* The first row that fits counts. A status of 0 fits every 4xx and 5xx; the texts are the controller's, word for word. */
static const struct {
	int status;
	const char *text;
	enum avi_class class;
} rules[] = {
	{ 0, "with this Name and Tenant ref already exists", AVI_CONFLICT },
	{ 400, "Config Operations can be done ONLY on leader", AVI_NOT_LEADER },
	{ 400, "GSLB system is in maintenance mode.", AVI_MAINTENANCE },
	{ 400, "domain name conflicting with existing domain name", AVI_DOMAIN_CONFLICT },
	{ 401, "Invalid credentials", AVI_BAD_CREDENTIALS },
	{ 401, "", AVI_UNAUTHORIZED },
	{ 403, "Cannot delete, object is referred", AVI_REFERRED },
	{ 403, "", AVI_FORBIDDEN },
	{ 404, "", AVI_NOTFOUND },
	{ 409, "", AVI_CONFLICT },
	{ 412, "", AVI_CONCURRENT },
	{ 419, "", AVI_SERVER },
	{ 429, "", AVI_THROTTLED },
};

const char *avi_class_name(enum avi_class class)
{
	return classes[class].name;
}

enum err_code avi_class_code(enum avi_class class)
{
	return classes[class].code;
}

enum avi_class avi_classify(int http_status, const char *text)
{
	if (http_status <= 0)
		return AVI_NETWORK;
	if (http_status >= 200 && http_status < 300)
		return AVI_OK;
	if (http_status < 400)
		return AVI_SERVER;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if ((!rules[i].status || rules[i].status == http_status) && strstr(text ? text : "", rules[i].text))
			return rules[i].class;
	return http_status >= 500 ? AVI_SERVER : AVI_REFUSED;
}
