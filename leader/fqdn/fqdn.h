/* leader/fqdn/fqdn.h - local host name -> global name and domain names. Pure. */
#pragma once

#include "common/base/strs.h"

/* The global service's name for a host that a cluster serves: the host itself, to the letter. Borrowed from `host`. */
const char *fqdn_global(const char *host);
/* What the service answers for, appended: its own name. */
void fqdn_domain_names(const char *global, struct strs *out);
