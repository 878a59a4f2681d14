/* leader/leader_parts.h - struct leader, for leader.c and the files that are parts of it: charge.c (which configuration is in
 * charge), seek.c (which controller), names.c (what a name should be), look.c (what the lease allows), view.c (what is told to
 * people). Nobody else includes this. */
#pragma once

#include "common/avi/seek.h"
#include "common/io/backoff.h"
#include "leader/avi/health.h"
#include "leader/avi/reconcile.h"
#include "common/config/members.h"
#include "leader/config/policies.h"
#include "leader/leader.h"
#include "leader/ops/status.h"
#include "leader/watch/inventory.h"

#define UUID_RETRY_MIN_MS 1000
#define UUID_RETRY_MAX_MS 60000

/* Of the present epoch: its first look at the controller comes before its first write. */
enum look { LOOK_DUE, LOOK_LISTING, LOOK_DONE };

enum phase { PHASE_WAITING, PHASE_CHECKING, PHASE_LISTING, PHASE_SYNCING, PHASE_RUNNING };

struct held_name;

struct leader {
	struct leader_options options;
	/* In the order of the data flow. */
	struct http_client *kube_http, *avi_http;
	struct kubeconfig own_kubeconfig;
	struct kube_client *kube;
	struct home *home;
	struct members *members;
	struct inventory *inventory;
	struct policies *policies;
	struct fence *fence;                   /* NULL: alone */
	struct reconcile *reconcile;
	struct controller *controller;         /* NULL until a configuration is sound */
	struct health *health;
	struct status *status;

	enum phase phase;
	struct gslbconfig *config;             /* in charge; NULL: none was sound yet */
	struct credentials credentials;        /* in use */
	char *address;                         /* of the controller in use */
	char *others_said;                     /* why it is used and not the one before; NULL: it is the first */
	struct avi_seek *seek;                 /* it does not lead: does another? */
	enum controller_health seek_health;    /* what it said itself */
	char *seek_why;
	char owner[48];                        /* "amko-<uuid>" */
	bool is_config_missing;                /* the one in charge was deleted, and no other came */
	char *complaint;                       /* why the newest GSLBConfig is not in charge; NULL: it is */
	struct kube_call *uuid_call;
	uv_timer_t *uuid_timer;                /* after one that failed */
	struct backoff uuid_backoff;
	struct actual *actual;                 /* NULL until listed */
	char *default_pki;
	struct {
		enum look first;
		int64_t epoch;
		uv_timer_t *second;            /* L after the first write */
		bool has_written;
	} look;
	struct knowledge knowledge;
	struct held_name *held;                /* names with deletions that have no cause */
	bool is_outage;                        /* the controller was away since the last listing: to be listed */
	bool is_listing_bad;                   /* the last listing failed: nothing is written before one succeeds */
	bool is_listing;
	uv_timer_t *list_timer;                /* after a listing that failed */
	struct backoff list_backoff;
	enum controller_health controller_health;
	char *controller_why;                  /* of the last check; NULL before the first */
	bool has_health;
	bool is_ill;                           /* as the keeper was told last */

	uv_timer_t *stop_timer;
	bool is_stopping;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/* leader.c */
void leader_set_phase(struct leader *leader, enum phase phase);
void leader_advance(struct leader *leader);                /* something became known: is it enough for the next phase? */

void leader_list(struct leader *leader);                   /* what does the controller have now? */

/* look.c */
void look_begin(struct leader *leader);
bool look_may_write(const void *leader);
/* Something changed that the first look waits for. */
void look_advance(struct leader *leader);
void look_list_begins(struct leader *leader);
void look_list_ended(struct leader *leader, bool is_good);
void look_wrote(struct leader *leader);                    /* or tried to */

void leader_take_health(struct leader *leader, enum controller_health health, const char *why);

/* seek.c */
/* The controller in use said this and does not lead. True: others are asked, and what follows comes later. */
bool seek_begin(struct leader *leader, enum controller_health health, const char *why);
void seek_end(struct leader *leader);                      /* nothing comes of it any more */

/* charge.c */
void charge_use_controller(struct leader *leader, const char *address);
void charge_run(void *leader);         /* the own cluster's objects or the members' kubeconfig changed: decide anew */

/* names.c */
void names_make_plan(void *arg, const char *fqdn, struct wanted *wanted, struct plan *plan);
void names_mark(void *arg, const char *fqdn);
void names_mark_all(struct leader *leader);
/* What is known of the clusters has changed: true when that changes what names should be. */
bool names_renew_knowledge(struct leader *leader);
size_t names_count_held(const struct leader *leader);
const char *names_why_held(const struct leader *leader);   /* of one of them; "" */
void names_release(struct leader *leader);

/* view.c */
void view_conditions(struct leader *leader);
void view_controller_conditions(struct leader *leader, enum controller_health health, const char *why);
