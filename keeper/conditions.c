#include "keeper/conditions.h"

#include "common/base/buf.h"
#include "keeper/ballot.h"

#define MESSAGE_MAX_BYTES 4096

/* %s: the cluster that it is about, where it is about one. */
static const struct {
	const char *name, *message;
} reasons[] = {
	[REASON_NONE] = { "", "" },
	[REASON_NOT_PROMOTED] = { "NotPromoted", "nobody has promoted this cluster: kubectl amko promote does, or spec.isLeader: true" },
	[REASON_USED_UP] = { "PromotionUsedUp", "a later promotion has led: this cluster follows, and spec.isLeader stays as it is, until "
			     "it is promoted again (kubectl amko promote)" },
	[REASON_ROLE_FOLLOWER] = { "RoleFollower", "this instance runs with --role=follower and never leads" },
	[REASON_OWN_OBJECT] = { "BadAMKOCluster", "" },
	[REASON_NOT_NAMED] = { "NotNamed", "the members in force do not include this cluster: add it to spec.clusters of the leader's "
			       "AMKOCluster" },
	[REASON_NOT_FIT] = { "NotFit", "this instance could not lead now" },
	[REASON_REFERENCE_LEADS] = { "ReferenceLeads", "cluster %s says isLeader: true and runs no amko yet: upgrade it, or set its "
				     "isLeader to false" },
	[REASON_OTHER_LEADS] = { "OtherLeads", "cluster %s leads, or was promoted not earlier than this one: decide for one of them "
				 "(kubectl amko promote), or set isLeader to false there" },
	[REASON_LEASES_HELD] = { "LeasesHeld", "the Lease amko-leader of cluster %s is not free: it is when it has not changed for a "
				 "lease duration" },
	[REASON_NO_QUORUM] = { "NoQuorum", "too few member clusters answer" },
	[REASON_OWN_LEASE] = { "OwnLease", "the Lease amko-leader of this cluster does not answer, or says nothing that can be believed" },
	[REASON_UNSEEN_FENCELESS] = { "OldLeaderUnseen", "the cluster that led last does not answer, and the controller keeps no record "
				      "of who writes: only kubectl amko promote --force goes on from here" },
	[REASON_TOO_MANY_VIEWS] = { "TooManyViews", "the Leases show too many different sets of members at once" },
	[REASON_CONFLICT] = { "Conflict", "another instance was faster" },
	[REASON_RECORD_GREATER] = { "RecordGreater", "the record on the controller names a later leader" },
	[REASON_RECORD_SILENT] = { "RecordSilent", "the record on the controller could not be claimed" },
	[REASON_EXPIRED] = { "Expired", "the Leases could not be renewed in time" },
	[REASON_OVERTAKEN] = { "Overtaken", "a later leader was seen in cluster %s" },
	[REASON_LEASE_LOST] = { "LeaseLost", "the Lease of this cluster is held by another instance" },
	[REASON_RECORD_REFUSED] = { "RecordRefused", "the controller refuses its record, which it had given before" },
	[REASON_DEMOTED] = { "Demoted", "spec.isLeader was set to false" },
	[REASON_PROMOTED_OTHER] = { "PromotedOther", "cluster %s was promoted" },
	[REASON_DELETED] = { "Deleted", "the AMKOCluster was deleted" },
	[REASON_UNHEALTHY] = { "Unhealthy", "this instance could not do its work, another one can" },
	[REASON_TERMINATED] = { "Terminated", "this instance was asked to end" },
	[REASON_SPARE] = { "Spare", "another instance of this cluster holds its Lease: one of them is enough" },
	[REASON_NOT_KEPT] = { "NotKept", "the promotion's number could not be written to the AMKOCluster's annotations: the own cluster's "
			      "role must allow to patch amkoclusters" },
	[REASON_EPOCHS_USED] = { "EpochsUsed", "there are no numbers left for another epoch" },
	[REASON_HANDED_OVER] = { "HandedOver", "leadership was handed over; this instance does not take it back yet" },
};

const char *reason_name(enum reason reason)
{
	assert((size_t)reason < ARRAY_SIZE(reasons) && reasons[reason].name);
	return reasons[reason].name;
}

static const char *context_of(const struct protocol *p, int member)
{
	return member == NOBODY ? "" : p->roster.context[member];
}

char *unfit_text(const struct fitness *f)
{
	CLEANUP(strs_release) struct strs missing = { 0 };

	if (!f->has_credentials)
		strs_add(&missing, "credentials or members' kubeconfig");
	if (!f->has_api)
		strs_add(&missing, "own API server");
	if (!f->has_avi)
		strs_add(&missing, "a controller that answers and leads");
	if (!f->is_current)
		strs_add(&missing, "an up-to-date copy of the configuration");
	if (!f->has_federation)
		strs_add(&missing, "UUID on the GSLBConfig");
	return missing.n ? strs_join(&missing, ", ") : NULL;
}

static uint64_t others_of(const struct protocol *p)
{
	return p->own.members & ~member_bit(p->self.member);
}

char *members_text(const struct protocol *p)
{
	uint64_t members = others_of(p) | member_bit(p->self.member);
	int n = 0, n_all = 0;

	for (int m = roster_next(&p->roster, members, NOBODY); m != NOBODY; m = roster_next(&p->roster, members, m)) {
		n_all++;
		n += ballot_is_vote(p, m);
	}
	return xasprintf("%d/%d", n, n_all);
}

/* ---- Leading ---- */

static void say_own_object(const struct protocol *p, const struct told *told, struct buf *out)
{
	switch (p->own_state) {
	case OWN_UNREAD:
		buf_puts(out, "the AMKOCluster has not been read yet");
		return;
	case OWN_MISSING:
	case OWN_DELETED:
		buf_printf(out, "there is no AMKOCluster in namespace %s: make one whose spec.clusterContext is %s", told->home.namespace,
			   context_of(p, p->self.member));
		return;
	case OWN_DOUBLED:
		buf_printf(out, "there is more than one AMKOCluster in namespace %s: delete all but one", told->home.namespace);
		return;
	case OWN_UNREADABLE:
		buf_printf(out, "the AMKOCluster cannot be used: %s", told->own_why ? told->own_why : "");
		return;
	case OWN_FOUND:
		if (p->own.is_cut) {
			buf_printf(out, "spec.clusters of the AMKOCluster names more than %d clusters: take some out", ROSTER_MAX);
			return;
		}
		buf_printf(out, "spec.clusterContext of the AMKOCluster is not %s, the context of this cluster",
			   context_of(p, p->self.member));
	}
}

/* What to do about a member that does not answer as it should. */
static const char *silence_text(const struct protocol *p, int member)
{
	switch (p->seat[member].silence) {
	case SILENCE_UNKNOWN_CONTEXT:
		return "the members' kubeconfig has no context of that name: add it to the Secret, or take the cluster out of "
		       "spec.clusters";
	case SILENCE_UNAUTHORIZED:
		return "the credentials of its context are refused: renew them in the members' kubeconfig";
	case SILENCE_FORBIDDEN:
		return member == p->self.member ?
		       "the own service account may not get, create and update leases.coordination.k8s.io: apply "
		       "deploy/manifests/rbac-own.yaml" :
		       "its context may not get, create and update leases.coordination.k8s.io and list amkoclusters there: bind the "
		       "Role amko-member of deploy/manifests/rbac-member.yaml to its user";
	case SILENCE_TLS:
		return "its certificate is not accepted";
	case SILENCE_BAD_ANSWER:
		return "its API server gives no good answer";
	case SILENCE_TIMEOUT:
	case SILENCE_NONE:
		return "its API server does not answer";
	}
	return "";
}

enum trouble member_trouble(const struct protocol *p, int member)
{
	const struct seat *seat = &p->seat[member];

	if (seat->lease == ANSWER_SILENT)
		return TROUBLE_SILENT;
	if (seat->lease == ANSWER_GARBAGE)
		return TROUBLE_GARBAGE;
	if (ballot_is_foreign(p, member))
		return TROUBLE_FOREIGN;
	if (seat->peer.has_other_context)
		return TROUBLE_OTHER_CONTEXT;
	return ballot_is_twin(p, member) ? TROUBLE_TWIN : TROUBLE_NONE;
}

/* Yours to free. */
static char *remedy(const struct protocol *p, int member)
{
	switch (member_trouble(p, member)) {
	case TROUBLE_NONE:
		break;
	case TROUBLE_SILENT:
		return xstrdup(silence_text(p, member));
	case TROUBLE_GARBAGE:
		return xstrdup("its Lease amko-leader does not parse, and counts for nothing: delete it if no instance leads");
	case TROUBLE_FOREIGN:
		return xasprintf("its Lease amko-leader is of another federation, %s, and counts for nothing: all members' GSLBConfigs "
				 "have one UUID; delete the Lease if that federation is gone, or take the cluster out of spec.clusters",
				 p->seat[member].claim.federation);
	case TROUBLE_OTHER_CONTEXT:
		return xstrdup("its AMKOCluster says that it is another cluster, and its Lease counts for nothing: correct "
			       "spec.clusterContext there, or the context in the members' kubeconfig");
	case TROUBLE_TWIN:
		return xstrdup("it is the same cluster as another context, and counts once: take one of the two out of spec.clusters");
	}
	return NULL;
}

char *member_trouble_text(const struct protocol *p, const struct told *told, int member)
{
	const char *why = told->member_why ? told->member_why[member] : NULL;
	CLEANUP(freep) char *what = remedy(p, member);

	if (!what)
		return NULL;
	return xasprintf("cluster %s: %s%s%.200s%s", context_of(p, member), what, why ? " (" : "", why ? why : "", why ? ")" : "");
}

static void say_members(const struct protocol *p, const struct told *told, struct buf *out)
{
	uint64_t members = others_of(p) | member_bit(p->self.member);

	for (int m = roster_next(&p->roster, members, NOBODY); m != NOBODY; m = roster_next(&p->roster, members, m)) {
		CLEANUP(freep) char *trouble = member_trouble_text(p, told, m);

		if (trouble)
			buf_printf(out, "%s%s", out->n ? "; " : "", trouble);
	}
}

static void say_reason(const struct protocol *p, const struct told *told, struct buf *out)
{
	CLEANUP(freep) char *unfit = p->reason == REASON_NOT_FIT ? unfit_text(&p->fitness) : NULL;

	if (p->reason == REASON_OWN_OBJECT)
		say_own_object(p, told, out);
	else
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_printf(out, reasons[p->reason].message, context_of(p, p->reason_member));
#pragma GCC diagnostic pop
	if (unfit)
		buf_printf(out, ": it lacks %s", unfit);
}

static void say_leading(const struct protocol *p, int64_t now_ms, struct buf *out)
{
	int64_t wait_ms = p->tenure.wait_from_ms + p->tenure.wait_ms - now_ms;

	buf_printf(out, "epoch %lld leads", (long long)p->tenure.epoch);
	if (p->stage == STAGE_WAITING && p->tenure.wait_from_ms && wait_ms > 0)
		buf_printf(out, "; it writes in %lld s, when nothing of the one before can arrive any more",
			   (long long)(wait_ms + 999) / 1000);
	else if (p->stage == STAGE_WAITING)
		buf_puts(out, "; it does not write yet");
	if (p->unfit_ms[0])
		buf_puts(out, "; its worker cannot do its work: the conditions of the GSLBConfig and the log say why");
}

static void say_definition(const struct told *told, struct buf *out)
{
	if (told->is_pruned)
		buf_printf(out, "%s%s", out->n ? "; " : "", DEFINITION_IS_OLD);
}

/* Nothing else can be said before an AMKOCluster tells what this cluster is called. */
static void say_nameless(const struct told *told, struct condition_text *out)
{
	*out = (struct condition_text){ .status = "False", .reason = "BadAMKOCluster" };
	out->message = xasprintf("what this cluster is called is not known: there must be one AMKOCluster in namespace %s, with "
				 "spec.clusterContext set", told->home.namespace);
}

void condition_leading(const struct protocol *p, const struct told *told, int64_t now_ms, struct condition_text *out)
{
	const char *name;
	struct buf text;
	bool leads;

	if (!p) {
		say_nameless(told, out);
		return;
	}
	leads = p->stage == STAGE_WAITING || p->stage == STAGE_LEADING;
	name = reason_name(p->reason);
	buf_init(&text, MESSAGE_MAX_BYTES);
	if (leads)
		say_leading(p, now_ms, &text);
	else
		say_reason(p, told, &text);
	say_members(p, told, &text);
	say_definition(told, &text);
	*out = (struct condition_text){
		.status = leads ? "True" : "False",
		.reason = p->stage == STAGE_LEADING ? "Leading" : leads ? "Waiting" : *name ? name : "Looking",
	};
	if (!text.n)
		buf_puts(&text, "looking who leads");
	out->message = buf_take(&text);
}

/* ---- FenceUnavailable ---- */

void condition_fence(const struct protocol *p, const struct told *told, struct condition_text *out)
{
	*out = (struct condition_text){ .status = "False", .reason = "Available" };
	if (p->record.answer == ANSWER_REFUSED) {
		*out = (struct condition_text){ .status = "True", .reason = "RecordRefused" };
		out->message = xasprintf("the controller refuses the leadership record, a StringGroup in tenant admin (%s): give its user "
					 "the right to write string groups; until then nothing at the controller stops a writer that is "
					 "late", told->record_why ? told->record_why : "no reason given");
	} else if (p->record.answer == ANSWER_NONE || p->record.answer == ANSWER_SILENT) {
		*out = (struct condition_text){ .status = "Unknown", .reason = "NotRead" };
		out->message = xstrdup(told->record_why ? told->record_why : "the leadership record has not been read yet");
	} else {
		out->message = xstrdup("");
	}
}

void condition_text_release(struct condition_text *text)
{
	if (text)
		free(TAKE(text->message));
}
