/* tests/sim/avisim/listing.h - GET of a collection: filters, tenants, pages. */
#pragma once

#include "tests/sim/avisim/api.h"

/* tenant: a name or "*". The answer of the collection; on failure ERR_INVALID (a bad number) or ERR_NOTFOUND (no such page). */
cJSON *listing_answer(struct sim *sim, const struct kind *kind, const char *tenant, const struct api_request *request,
		      const char *base, struct err *err);
/* Objects of a tenant, and those of admin, are seen by it. */
bool listing_sees(const char *tenant, const struct object *object);
const char *listing_param(const struct api_request *request, const char *key);   /* NULL where absent */
/* The URL of a page of the same list, with all its parameters. Yours to free. */
char *listing_next(const struct kind *kind, const struct api_request *request, const char *base, size_t page);
