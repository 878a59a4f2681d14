#include "leader/fqdn/fqdn.h"

const char *fqdn_global(const char *host)
{
	return host;
}

void fqdn_domain_names(const char *global, struct strs *out)
{
	strs_add(out, global);
}
