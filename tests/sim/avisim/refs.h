/* tests/sim/avisim/refs.h - references between objects: every "..._ref" text and "..._refs" list of a body.
 *
 * Clients write them by name or by UUID, with any scheme and host or none; kept is "/api/<type>/<uuid>"; shown is
 * "https://<host>/api/<type>/<uuid>", with "#<name>" where asked for. References to types that the simulator does not have
 * stay as they are. tenant_ref is not among these: whose an object is, is not part of its body.
 */
#pragma once

#include "tests/sim/avisim/store.h"

/* "/api/<type>?name=<n>", "/api/<type>/?name=<n>" or "/api/<type>/<uuid>", each perhaps followed by "#...". */
struct ref {
	const struct kind *kind;       /* NULL: no reference, or one to a type unknown here */
	char *uuid, *name;             /* one of them is set when kind is */
};
void ref_parse(const char *text, struct ref *out);
void ref_release(struct ref *ref);

/* Resolves all of them, names in `tenant` and then in admin, and appends the UUIDs to `uuids`. Stops at the first that
 * leads nowhere: ERR_NOTFOUND "HealthMonitor object not found!". err NULL: leaves those as they are and goes on. */
bool refs_resolve(const struct store *store, const char *tenant, cJSON *body, struct strs *uuids, struct err *err);
/* base: "https://10.0.0.5". */
void refs_show(const struct store *store, cJSON *body, const char *base, bool with_names);
/* Cuts "#<name>" off all of them, of tenant_ref too. */
void refs_cut_names(cJSON *body);
/* The text of a reference to an object. Yours to free. */
char *ref_show(const struct object *object, const char *base, bool with_name);
