/* leader/gslb/gs.h - the model: a GslbService and the health monitors it needs, wanted or actual.
 *
 * The same structs hold what should be (built from cluster objects) and what the controller has (read from its answers);
 * comparing them field by field tells what to write. Order of members, groups and lists is never a difference.
 * Ownership: plain structs that own their texts; gs_new()/gs_free(), monitor_new()/monitor_free(). Zero is empty.
 * Errors:    none.
 */
#pragma once

#include "common/base/ip.h"
#include "common/base/strs.h"

struct gs_member {
	char *ip;
	char *vs_uuid, *cluster_uuid;      /* NULL or "": not sent (a bare address) */
	char *public_ip;                   /* NULL: none */
	int ratio;
	bool is_disabled;                  /* actual only: somebody switched it off (deviation) */
};

struct gs_group {
	int priority;
	char *algorithm;                   /* GSLB_ALGORITHM_... */
	char *fallback_algorithm;          /* NULL: none */
	bool has_hash_mask;
	int hash_mask;
	int min_monitors_up;
	struct gs_member *members;
	size_t n_members;
};

struct gs {
	char *tenant, *name;
	char *uuid;                        /* actual only */
	int64_t modified_us;               /* actual only: _last_modified; 0: none, or not in the form of a number */
	char *created_by;
	struct strs domain_names;
	struct strs objects;               /* the parts of the description: INGRESS/<cluster>/<ns>/<name>/<host>, LBSVC/<cluster>/<ns>/<name> */
	struct gs_group *groups;           /* wanted: by descending priority */
	size_t n_groups;
	struct strs monitor_refs;          /* names */
	bool has_ttl;
	int ttl_s;
	char *persistence_ref, *pki_ref;   /* names; NULL: none */
	char *down_response;               /* type; NULL: none */
	char *fallback_ip;
	bool is_down_response_ours;        /* actual only: our own last write carried it (see gs_same) */
	/* Actual only: the constant fields ("enabled", "wildcard_match", ...) whose value is not the one we write. An absent
	 * field has the controller's default, which is ours. */
	struct strs deviations;
};

enum monitor_type { MONITOR_OTHER, MONITOR_HTTP, MONITOR_HTTPS, MONITOR_TCP, MONITOR_UDP };
const char *monitor_type_name(enum monitor_type type);         /* "HEALTH_MONITOR_HTTP"; NULL for MONITOR_OTHER */
enum monitor_type monitor_type_of(const char *name);           /* MONITOR_OTHER for NULL and unknown ones */

struct monitor {
	char *tenant, *name;
	char *uuid;                        /* actual only */
	int64_t modified_us;               /* actual only: _last_modified; 0: none, or not in the form of a number */
	enum monitor_type type;
	int port;                          /* 0: none */
	char *description;
	char *owner;                       /* the marker created-by; NULL: none */
	char *request;                     /* http_request line; NULL for TCP and UDP */
	struct strs response_codes;
	struct strs deviations;            /* actual only, as in struct gs */
};

struct gs *gs_new(const char *tenant, const char *name);
void gs_free(struct gs *gs);                                   /* NULL is fine */
DEFINE_CLEANUP(struct gs *, gs_free)
struct gs *gs_copy(const struct gs *gs);
/* Adds a member to the group of that priority, which is made (with the given priority only) when missing; groups stay in
 * descending order of priority, members in the order of their coming. The member is copied. */
void gs_add_member(struct gs *gs, int priority, const struct gs_member *member);
size_t gs_count_members(const struct gs *gs);
const struct gs_member *gs_find_member(const struct gs *gs, const char *ip, int *priority /* may be NULL */);
void gs_member_release(struct gs_member *member);

struct monitor *monitor_new(const char *tenant, const char *name);
void monitor_free(struct monitor *monitor);                    /* NULL is fine */
DEFINE_CLEANUP(struct monitor *, monitor_free)
struct monitor *monitor_copy(const struct monitor *monitor);

/* The names of what differs between wanted and actual, appended to *fields (may be NULL); true when nothing does.
 * min_monitors_up with user monitors: a service written by AMKO 1.13.1 has refs+1 on one group and 2 on the others; that
 * counts as equal, so that it is adopted without a write. An actual down response of type NONE that we did not write
 * ourselves is the controller's default, the same as none. */
bool gs_same(const struct gs *wanted, const struct gs *actual, struct strs *fields);
bool monitor_same(const struct monitor *wanted, const struct monitor *actual, struct strs *fields);
