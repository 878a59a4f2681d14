/* tests/sim/kubesim/text.h - names, times and encodings that an API server hands out, and small hands on JSON trees. */
#pragma once

#include "common/base/buf.h"
#include "common/base/json.h"

char *ks_now(bool with_micros);                       /* "2026-01-05T09:30:00Z"; yours to free */
char *ks_new_uid(void);                               /* a random UUID; yours to free */
char *ks_generated_name(const char *prefix);          /* the prefix and five characters; yours to free */
bool ks_is_label(const char *name);                   /* DNS-1123: what a namespace may be called */
bool ks_is_subdomain(const char *name);               /* DNS-1123: what most objects may be called */
char *ks_base64(struct slice bytes);                  /* yours to free */
/* false: not base64. *out is NUL-terminated behind *n bytes and yours to free. */
bool ks_unbase64(const char *text, char **out, size_t *n);

/* A JSON string with its quotes. */
void ks_put_quoted(struct buf *out, const char *text);

/* The order of keys means nothing, that of elements does. */
bool ks_same(const cJSON *a, const cJSON *b);
cJSON *ks_child(const cJSON *object, const char *key); /* to be changed; NULL where absent, a null is one */
cJSON *ks_need_object(cJSON *object, const char *key); /* the child, made or made an object if it is none */
void ks_set(cJSON *object, const char *key, cJSON *value);           /* replaces; the value is taken over */
void ks_set_str(cJSON *object, const char *key, const char *text);
void ks_set_int(cJSON *object, const char *key, int64_t number);
void ks_drop(cJSON *object, const char *key);
/* Takes nulls, empty lists and empty texts under keys out, at every depth: what typed objects do not keep. Maps of free
 * text (labels, annotations, data) keep empty texts. */
void ks_drop_empty(cJSON *value);
/* path: keys between dots. NULL where absent. */
const cJSON *ks_at(const cJSON *object, const char *path);
