/* common/base/json.h - cJSON, made safe: case-sensitive, bounded, with the path in every complaint.
 *
 * cJSON's own GetObjectItem ignores case, and its Compare takes twice the time a level: they are poisoned here. Absent and null
 * are the same to these readers.
 */
#pragma once

#include <cjson/cJSON.h>

#include "common/base/err.h"
#include "common/base/slice.h"
#include "common/base/strs.h"

#pragma GCC poison cJSON_GetObjectItem cJSON_HasObjectItem cJSON_Parse cJSON_DeleteItemFromObject cJSON_Compare

DEFINE_CLEANUP(cJSON *, cJSON_Delete)

/* Deletes a value whose texts may be secret: they are wiped first. NULL is fine. */
void json_wipe_free(cJSON *value);
DEFINE_CLEANUP(cJSON *, json_wipe_free)

/* Makes cJSON abort when memory runs out; once, before anything else. */
void json_init(void);

/* Parses the whole text; anything but blanks behind the value is an error. The caller has bounded text.n.
 * NULL with ERR_INVALID and the offset where reading stopped. Yours to cJSON_Delete. */
cJSON *json_parse(struct slice text, struct err *err);
char *json_text(const cJSON *value);                       /* compact; yours to free */

/* The value at a path of keys: json_at(o, "status", "loadBalancer", NULL). Borrowed; NULL where absent or null. */
const cJSON *json_at(const cJSON *object, ...) __attribute__((sentinel));
const cJSON *json_get(const cJSON *object, const char *key);

/* The same values; the order of keys is no difference. False where either is NULL. Keys that stand twice are not looked for. */
bool json_same(const cJSON *a, const cJSON *b);

#define JSON_INT_MAX (INT64_C(1) << 53)                    /* whole numbers up to here survive cJSON */

/* The text, number, truth of a key; the default where it is absent or of another type. Text is borrowed. */
const char *json_str(const cJSON *object, const char *key);             /* NULL */
int64_t json_int(const cJSON *object, const char *key, int64_t absent); /* also absent: not a whole number, above 2^53 */
bool json_bool(const cJSON *object, const char *key, bool absent);

/* Every string of an array, appended; elements of other types are passed over. */
void json_strs(const cJSON *array, struct strs *out);

/* Adders that abort instead of failing. The value is taken over. */
void json_put(cJSON *object, const char *key, cJSON *value);
void json_put_str(cJSON *object, const char *key, const char *text);
void json_put_int(cJSON *object, const char *key, int64_t number);
void json_put_bool(cJSON *object, const char *key, bool truth);
cJSON *json_put_object(cJSON *object, const char *key);                 /* the new one, borrowed */
cJSON *json_put_array(cJSON *object, const char *key);
cJSON *json_add_object(cJSON *array);
void json_add_str(cJSON *array, const char *text);
