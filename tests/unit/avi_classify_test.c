/* What an answer of the controller means. */
#include "tests/unit/unit.h"

#include "common/avi/session.h"

struct classify_case {
	const char *name;
	int status;
	const char *text;
	enum avi_class class;
	enum err_code code;
};

static const struct classify_case cases[] = {
	{ "a created object is fine", 201, "{\"uuid\": \"gslbservice-1\"}", AVI_OK, ERR_NONE },
	{ "a deletion without a body is fine", 204, NULL, AVI_OK, ERR_NONE },
	{ "a good answer may say anything", 200, "GSLB system is in maintenance mode.", AVI_OK, ERR_NONE },
	{ "no status is no answer", 0, NULL, AVI_NETWORK, ERR_RETRY },
	{ "a redirect comes from something that is no controller", 302, "", AVI_SERVER, ERR_RETRY },
	{ "a refused login is known by its text", 401, "{\"error\": \"Invalid credentials\"}", AVI_BAD_CREDENTIALS, ERR_AUTH },
	{ "any other 401 is a lost session", 401, "{\"detail\": \"Authentication credentials were not provided.\"}",
	  AVI_UNAUTHORIZED, ERR_AUTH },
	{ "a follower does not take writes", 400, "{\"error\": \"Config Operations can be done ONLY on leader\"}",
	  AVI_NOT_LEADER, ERR_RETRY },
	{ "the leader's text counts with 400 only", 422, "{\"error\": \"Config Operations can be done ONLY on leader\"}",
	  AVI_REFUSED, ERR_INVALID },
	{ "maintenance is known with its dot", 400, "{\"error\": \"GSLB system is in maintenance mode.\"}", AVI_MAINTENANCE,
	  ERR_RETRY },
	{ "maintenance without the dot is another text", 400, "{\"error\": \"GSLB system is in maintenance mode\"}", AVI_REFUSED,
	  ERR_INVALID },
	{ "a domain name belongs to one service", 400,
	  "{\"error\": \"GslbService a.example.org domain name conflicting with existing domain name a.example.org\"}",
	  AVI_DOMAIN_CONFLICT, ERR_CONFLICT },
	{ "a monitor exists already", 409, "{\"error\": \"Health monitor with this Name and Tenant ref already exists.\"}",
	  AVI_CONFLICT, ERR_CONFLICT },
	{ "a monitor exists already, whatever the status", 400,
	  "{\"error\": \"Health monitor with this Name and Tenant ref already exists\"}", AVI_CONFLICT, ERR_CONFLICT },
	{ "a monitor exists already, even with 500", 500,
	  "{\"error\": \"Health monitor with this Name and Tenant ref already exists\"}", AVI_CONFLICT, ERR_CONFLICT },
	{ "a service exists already, whatever the status", 400, "{\"error\": \"Gslb service with this Name and Tenant ref already exists.\"}",
	  AVI_CONFLICT, ERR_CONFLICT },
	{ "a service exists already", 409, "{\"error\": \"Gslb service with this Name and Tenant ref already exists.\"}",
	  AVI_CONFLICT, ERR_CONFLICT },
	{ "a service is gone", 404, "{\"error\": \"GslbService object not found!\"}", AVI_NOTFOUND, ERR_NOTFOUND },
	{ "a monitor is gone", 404, "{\"error\": \"HealthMonitor object not found!\"}", AVI_NOTFOUND, ERR_NOTFOUND },
	{ "a monitor is still in use", 403, "{\"error\": \"Cannot delete, object is referred by: ['GslbService a.example.org']\"}",
	  AVI_REFERRED, ERR_FORBIDDEN },
	{ "the user may not", 403, "{\"error\": \"User does not have permission to perform this operation\"}", AVI_FORBIDDEN,
	  ERR_FORBIDDEN },
	{ "somebody wrote in between", 412, "{\"error\": \"Concurrent Update Error: object was changed since it was read\"}",
	  AVI_CONCURRENT, ERR_CONFLICT },
	{ "a field is out of range", 400, "{\"error\": \"ttl: 90000 is not in 0..86400\"}", AVI_REFUSED, ERR_INVALID },
	{ "a method is not allowed", 405, "{\"detail\": \"Method not allowed\"}", AVI_REFUSED, ERR_INVALID },
	{ "an object is unprocessable", 422, "{\"error\": \"x\"}", AVI_REFUSED, ERR_INVALID },
	{ "too many requests", 429, "{\"error\": \"Too many requests\"}", AVI_THROTTLED, ERR_RETRY },
	{ "a login time-out is the controller's trouble", 419, "", AVI_SERVER, ERR_RETRY },
	{ "an internal error", 500, "{\"error\": \"Internal Server Error\"}", AVI_SERVER, ERR_RETRY },
	{ "a bad gateway answers in HTML", 502, "<html><body>Bad Gateway</body></html>", AVI_SERVER, ERR_RETRY },
	{ "a controller that starts", 503, "", AVI_SERVER, ERR_RETRY },
	{ "a gateway time-out without a body", 504, NULL, AVI_SERVER, ERR_RETRY },
	{ "the last server error", 599, "", AVI_SERVER, ERR_RETRY },
};

static void the_answer_has_its_class(void **state)
{
	const struct classify_case *c = *state;
	enum avi_class class = avi_classify(c->status, c->text);

	assert_text(avi_class_name(class), avi_class_name(c->class));
	assert_text(err_code_name(avi_class_code(class)), err_code_name(c->code));
}

int main(void)
{
	return RUN_TABLE(the_answer_has_its_class, cases);
}
