/* leader/gslb/member.h - a member of one service while it is being built, and what is held of an unknown cluster. Internal to gslb/. */
#pragma once

#include "leader/gslb/build.h"

struct member {
	const char *cluster;
	size_t cluster_position;
	const struct host_object *object;
	const struct host_record *record;
	const char *tenant;
	bool is_sync_vip_only;
	struct traffic traffic;
};

/* What the controller has of clusters that cannot be judged: it stays. */
struct held {
	const struct gs *actual;               /* the service that they are of; NULL: nothing is held */
	struct strs objects;                   /* description parts */
	struct held_member {
		const struct gs_member *member;    /* borrowed from the actual service */
		int priority;
	} *members;
	size_t n_members;
	/* What its monitors say about the objects that are not known. */
	bool is_tls;
	struct strs paths;
	int port;
	enum host_protocol protocol;
};

/* Of one service at the controller; nothing is held when every object that it names can be judged. */
void hold_unknown(const struct build_input *in, const struct gs *actual, struct held *out);
void held_release(struct held *held);

/* Fills gs->monitor_refs and appends the monitors to out. */
void build_monitors(const struct build_input *in, const struct settings *settings, const struct member *members,
		    size_t n_members, const struct held *held, struct gs *gs, struct wanted *out);
/* Any member, held ones too, is served by TLS. */
bool members_any_tls(const struct member *members, size_t n_members, const struct held *held);
