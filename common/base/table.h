/* common/base/table.h - a JSON object into a struct, by a table of fields: one row per field, ranges in the row.
 *
 * A table ends with { 0 }. Offsets in the table of an object or of a list's elements count from that struct.
 * Unknown fields are passed over (API servers prune them). null is absent. Zero is a valid empty struct, filled fields are
 * released by table_release with the same table.
 * Errors:    ERR_INVALID with the path of the field: "spec.trafficSplit[1].weight: 0 is not in 1..20".
 */
#pragma once

#include "common/base/json.h"
#include "common/base/pairs.h"

enum field_type { FIELD_STR, FIELD_INT, FIELD_INT64, FIELD_BOOL, FIELD_STRS, FIELD_MAP, FIELD_OBJECT, FIELD_LIST };

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	bool has_it;                   /* has_offset is meant */
	size_t has_offset;             /* a bool that is set when the field was given */
	int64_t min, max;              /* FIELD_INT: both 0: any int; FIELD_INT64: both 0: any that JSON keeps (2^53) */
	int64_t absent;                /* FIELD_INT, FIELD_INT64: the value when not given */
	const char *const *choices;    /* FIELD_STR: NULL-terminated; NULL: any */
	bool never_null;               /* FIELD_STR: "" when not given */
	bool is_required;              /* must be given when the object around it is */
	const struct field *fields;    /* FIELD_OBJECT (embedded struct), FIELD_LIST (its elements) */
	size_t size;                   /* FIELD_LIST: of one element */
	size_t count_offset;           /* FIELD_LIST: a size_t */
};

/* Each names struct type and member, and checks the member's C type where the compiler can. */
#define FIELD_AT_(t, m, ctype) (offsetof(t, m) + 0 * sizeof((ctype *)0 == &((t *)0)->m))
#define STR_AT(t, m) .type = FIELD_STR, .offset = FIELD_AT_(t, m, char *)
#define INT_AT(t, m) .type = FIELD_INT, .offset = FIELD_AT_(t, m, int)
#define INT64_AT(t, m) .type = FIELD_INT64, .offset = FIELD_AT_(t, m, int64_t)
#define BOOL_AT(t, m) .type = FIELD_BOOL, .offset = FIELD_AT_(t, m, bool)
#define STRS_AT(t, m) .type = FIELD_STRS, .offset = FIELD_AT_(t, m, struct strs)
#define MAP_AT(t, m) .type = FIELD_MAP, .offset = FIELD_AT_(t, m, struct pairs)
#define OBJECT_AT(t, m, table) .type = FIELD_OBJECT, .offset = offsetof(t, m), .fields = table
/* An object whose fields lie in the struct around it: "matchRules" and what is in it. */
#define FLAT(table) .type = FIELD_OBJECT, .fields = table
#define HAS_AT(t, m) .has_it = true, .has_offset = FIELD_AT_(t, m, bool)
#define LIST_AT(t, m, count, elem, table) .type = FIELD_LIST, .offset = FIELD_AT_(t, m, elem *), \
	.count_offset = FIELD_AT_(t, count, size_t), .size = sizeof(elem), .fields = table

/* path: what errors begin with ("spec"; may be ""). object NULL: all fields absent. `out` must be zeroed; on failure it is
 * released. */
bool table_read(const struct field *table, const cJSON *object, const char *path, void *out, struct err *err);
void table_release(const struct field *table, void *out);             /* frees what the fields own and zeroes them */
bool table_same(const struct field *table, const void *a, const void *b);      /* lists and maps in order */
void table_copy(const struct field *table, const void *from, void *to);        /* deep; `to` must be zeroed */
