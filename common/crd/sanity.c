#include "common/crd/sanity.h"

#include "common/base/buf.h"

#define TEXT_MAX_BYTES 8192
#define KUBECONFIG_SECRET "Secret gslb-config-secret (key gslb-members)"

/* What one stage found, in the order of the clusters. */
struct findings {
	struct buf hard, soft;         /* reasons: of what stops the stage, of single clusters */
	struct buf remedies;
};

static void findings_init(struct findings *f)
{
	buf_init(&f->hard, TEXT_MAX_BYTES);
	buf_init(&f->soft, TEXT_MAX_BYTES);
	buf_init(&f->remedies, TEXT_MAX_BYTES);
}

static void findings_release(struct findings *f)
{
	buf_release(&f->hard);
	buf_release(&f->soft);
	buf_release(&f->remedies);
}

/* What does not fit any more is left out: the first clusters say enough. */
#define ADD(buf, between, ...) \
	do { \
		CLEANUP(freep) char *text_ = xasprintf(__VA_ARGS__); \
		buf_printf(buf, "%s%s", (buf)->n ? between : "", text_); \
	} while (0)
#define HARD(f, ...) ADD(&(f)->hard, ",", __VA_ARGS__)
#define SOFT(f, ...) ADD(&(f)->soft, ",", __VA_ARGS__)
#define REMEDY(f, ...) ADD(&(f)->remedies, "; ", __VA_ARGS__)

/* AMKO's texts of one type. */
struct texts {
	const char *type, *good, *some, *failed;
};

static const struct texts validation = {
	CONDITION_VALIDATION, "valid AMKOCluster object", NULL, "invalid AMKOCluster object" };
static const struct texts initialised = {
	CONDITION_MEMBERS_INITIALISED, "all cluster clients fetched", "some member cluster clients couldn't be fetched",
	"member cluster clients invalid" };
/* The last is AMKO's: it shows the text of the stage before. */
static const struct texts validated = {
	CONDITION_MEMBERS_VALIDATED, "validated all member clusters", "error in validating some member clusters",
	"member cluster clients invalid" };

static void put(struct sanity_verdict *verdict, const char *type, const char *status, const char *reason,
		const char *message)
{
	verdict->conditions[verdict->n_conditions++] = (struct condition){
		.type = xstrdup(type), .status = xstrdup(status), .reason = xstrdup(reason), .message = xstrdup(message) };
}

static void conclude(struct sanity_verdict *verdict, const struct texts *texts, const struct findings *f)
{
	const char *status = f->hard.n ? texts->failed : f->soft.n ? texts->some : texts->good;

	put(verdict, texts->type, status, f->hard.n ? buf_str(&f->hard) : buf_str(&f->soft), buf_str(&f->remedies));
}

/* ---- the own object ---- */

/* False: it is not the one object that counts in this cluster. */
static bool judge_place(const struct sanity_case *sanity, struct findings *f)
{
	const struct amkocluster *object = sanity->object;
	CLEANUP(strs_release) struct strs names = { 0 };
	CLEANUP(freep) char *all = NULL;

	if (!streq(object->namespace, sanity->namespace)) {
		HARD(f, "AMKOCluster's namespace is not %s", sanity->namespace);
		REMEDY(f, "AMKOCluster %s/%s counts for nothing: only one in namespace %s does", object->namespace,
		       object->name, sanity->namespace);
		return false;
	}
	for (size_t i = 0; i < sanity->n_objects; i++)
		if (streq(sanity->objects[i]->namespace, sanity->namespace))
			strs_add(&names, sanity->objects[i]->name);
	if (names.n <= 1)
		return true;
	strs_sort(&names);
	all = strs_join(&names, ", ");
	HARD(f, "only one AMKOClusterObject allowed per cluster");
	REMEDY(f, "namespace %s has %zu AMKOClusters: delete all but one of %s", sanity->namespace, names.n, all);
	return false;
}

static void ask_for_context(const struct sanity_case *sanity, struct findings *f)
{
	CLEANUP(freep) char *known = sanity->contexts ? strs_join(sanity->contexts, ", ") : NULL;

	HARD(f, "clusterContext field can't be empty in AMKOCluster object");
	REMEDY(f, "set spec.clusterContext of AMKOCluster %s to this cluster's context in the members' kubeconfig%s%s",
	       sanity->object->name, known && *known ? ", one of " : "", known ? known : "");
}

static void compare_versions(const struct sanity_case *sanity, struct findings *f)
{
	if (!streq(sanity->object->version, sanity->running_version))
		REMEDY(f, "spec.version of AMKOCluster %s is %s, but %s runs here: the others compare with the former",
		       sanity->object->name, sanity->object->version, sanity->running_version);
}

static void judge_object(const struct sanity_case *sanity, struct findings *f)
{
	const struct amkocluster *object = sanity->object;

	if (object->error) {
		HARD(f, "%s", object->error);
		REMEDY(f, "correct AMKOCluster %s", object->name);
	} else if (!*object->context) {
		ask_for_context(sanity, f);
	} else if (!*object->version) {
		HARD(f, SANITY_NO_VERSION);
		REMEDY(f, "set spec.version of AMKOCluster %s to %s, which runs here", object->name, sanity->running_version);
	} else {
		compare_versions(sanity, f);
	}
}

/* A follower is judged too, but AMKO's texts of a follower stay. */
static void conclude_follower(struct sanity_verdict *verdict, const struct findings *f)
{
	CLEANUP(freep) char *message = f->hard.n ? xasprintf(SANITY_COULD_NOT_LEAD "%s", buf_str(&f->remedies))
						 : xstrdup(buf_str(&f->remedies));

	put(verdict, CONDITION_VALIDATION, "won't federate objects", "AMKO not a leader", message);
}

/* ---- the members' kubeconfig ---- */

static bool judge_kubeconfig(const struct sanity_case *sanity, struct findings *f)
{
	const struct amkocluster *object = sanity->object;

	if (!sanity->has_kubeconfig) {
		HARD(f, "error in fetching the GSLB_CONFIG env variable, this contains the members kube config, check "
		     "gslb-avi-secret");
		REMEDY(f, "there is no members' kubeconfig: it belongs into " KUBECONFIG_SECRET ", or --members-kubeconfig");
	} else if (sanity->kubeconfig_error) {
		HARD(f, "error in initialising member cluster contexts: error in building context config for kubernetes "
		     "cluster %s: %s", sanity->n_members ? sanity->members[0].context : object->context,
		     sanity->kubeconfig_error);
		REMEDY(f, "correct the members' kubeconfig in " KUBECONFIG_SECRET ": %s", sanity->kubeconfig_error);
	} else if (!strs_has(&object->clusters, object->context) && !strs_has(sanity->contexts, object->context)) {
		CLEANUP(freep) char *known = strs_join(sanity->contexts, ", ");

		HARD(f, "error in initialising member cluster contexts: current cluster context %s not part of member "
		     "clusters", object->context);
		REMEDY(f, "spec.clusterContext of AMKOCluster %s is %s, which neither spec.clusters nor the members' "
		       "kubeconfig has: it has %s", object->name, object->context, *known ? known : "no context");
	} else if (!strs_has(sanity->contexts, object->context)) {
		REMEDY(f, "cluster %s: the members' kubeconfig does not have this cluster's own context: where it is among "
		       "memberClusters its objects are not read, and instances with the same kubeconfig cannot ask it: add it to "
		       KUBECONFIG_SECRET, object->context);
	}
	return !f->hard.n;
}

static void judge_context(const struct sanity_case *sanity, const struct sanity_member *member, struct findings *f)
{
	if (member->is_unknown) {
		CLEANUP(freep) char *known = strs_join(sanity->contexts, ", ");

		SOFT(f, "error in initialising member cluster contexts: error in building context config for kubernetes "
		     "cluster %s: context \"%s\" does not exist", member->context, member->context);
		REMEDY(f, "cluster %s: the members' kubeconfig has no such context, only %s: add it to " KUBECONFIG_SECRET
		       ", or take it out of spec.clusters", member->context, *known ? known : "none at all");
	} else if (member->unusable) {
		SOFT(f, "error in initializing member custer context %s: error in getting client: %s", member->context,
		     member->unusable);
		REMEDY(f, "cluster %s: correct its context in " KUBECONFIG_SECRET, member->context);
	}
}

/* ---- the members ---- */

static bool is_usable(const struct sanity_member *member)
{
	return !member->is_unknown && !member->unusable;
}

/* 1.13.1 and 1.12.4 are one minor apart; what is no such version is as far as can be. */
static int minors_apart(const char *a, const char *b)
{
	int a_major, a_minor, b_major, b_minor;

	if (sscanf(a, "%4d.%4d", &a_major, &a_minor) != 2 || sscanf(b, "%4d.%4d", &b_major, &b_minor) != 2 ||
	    a_major != b_major)
		return 1000;
	return abs(a_minor - b_minor);
}

static void judge_version(const struct sanity_case *sanity, const struct sanity_member *member, struct findings *f)
{
	const char *own = sanity->object->version, *theirs = member->objects[0]->version;

	if (streq(own, theirs))
		return;
	SOFT(f, "version mismatch, current AMKO: %s, AMKO in cluster %s: %s", own, member->context, theirs);
	if (minors_apart(own, theirs) <= 1)
		REMEDY(f, "cluster %s says version %s, this one %s: it gets its copies all the same, upgrade the older one",
		       member->context, *theirs ? theirs : "\"\"", own);
	else
		REMEDY(f, "cluster %s says version %s, this one %s, more than one minor version apart: upgrade the older one "
		       "before you rely on it", member->context, *theirs ? theirs : "\"\"", own);
}

static void judge_member(const struct sanity_case *sanity, const struct sanity_member *member, struct findings *f,
			 struct strs *valid)
{
	if (member->unreachable) {
		SOFT(f, "error in getting AMKOCluster list for cluster %s: %s", member->context, member->unreachable);
		REMEDY(f, "cluster %s cannot be asked: see that its API server and its context in the members' "
		       "kubeconfig are right", member->context);
	} else if (member->n_objects > 1) {
		SOFT(f, "more than one AMKOCluster objects present in cluster %s, can't federate", member->context);
		REMEDY(f, "cluster %s: delete all but one AMKOCluster in namespace %s", member->context, sanity->namespace);
	} else if (!member->n_objects) {
		SOFT(f, "no AMKOCluster object present in cluster %s, can't federate", member->context);
		REMEDY(f, "cluster %s: install amko there, or take it out of spec.clusters", member->context);
	} else {
		judge_version(sanity, member, f);
		strs_add(valid, member->context);
	}
}

static const struct amkocluster *leader_of(const struct sanity_member *member)
{
	for (size_t i = 0; is_usable(member) && !member->is_used_up && i < member->n_objects; i++)
		if (member->objects[i]->is_leader)
			return member->objects[i];
	return NULL;
}

static void judge_second_leader(const struct sanity_case *sanity, struct sanity_verdict *verdict, struct findings *f)
{
	for (size_t i = 0; i < sanity->n_members; i++) {
		const struct sanity_member *member = &sanity->members[i];
		const struct amkocluster *object = leader_of(member);

		if (!object)
			continue;
		verdict->second_leader = member->context;
		HARD(f, "AMKO in cluster %s is also a leader, conflicting state", member->context);
		REMEDY(f, "AMKOCluster %s/%s of cluster %s says isLeader: true too: set it to false there or here",
		       object->namespace, object->name, member->context);
		return;
	}
}

static bool all_are_asked(const struct sanity_case *sanity)
{
	for (size_t i = 0; i < sanity->n_members; i++)
		if (is_usable(&sanity->members[i]) && !sanity->members[i].unreachable && !sanity->members[i].is_listed)
			return false;
	return true;
}

static void judge_members(const struct sanity_case *sanity, struct sanity_verdict *verdict)
{
	struct findings f;

	findings_init(&f);
	judge_second_leader(sanity, verdict, &f);
	for (size_t i = 0; !verdict->second_leader && i < sanity->n_members; i++)
		if (is_usable(&sanity->members[i]) && (sanity->members[i].unreachable || sanity->members[i].is_listed))
			judge_member(sanity, &sanity->members[i], &f, &verdict->valid);
	if (verdict->second_leader || all_are_asked(sanity))
		conclude(verdict, &validated, &f);
	findings_release(&f);
}

static bool judge_contexts(const struct sanity_case *sanity, struct sanity_verdict *verdict)
{
	struct findings f;
	bool is_sound;

	findings_init(&f);
	is_sound = judge_kubeconfig(sanity, &f);
	for (size_t i = 0; is_sound && i < sanity->n_members; i++)
		judge_context(sanity, &sanity->members[i], &f);
	conclude(verdict, &initialised, &f);
	findings_release(&f);
	return is_sound;
}

void sanity_judge(const struct sanity_case *sanity, struct sanity_verdict *verdict)
{
	struct findings f;
	bool is_in_place;

	*verdict = (struct sanity_verdict){ 0 };
	findings_init(&f);
	is_in_place = judge_place(sanity, &f);
	if (is_in_place)
		judge_object(sanity, &f);
	verdict->is_sound = !f.hard.n;
	if (is_in_place && !sanity->is_leading)
		conclude_follower(verdict, &f);
	else
		conclude(verdict, &validation, &f);
	findings_release(&f);
	if (!verdict->is_sound || !sanity->is_leading)
		return;
	verdict->is_sound = judge_contexts(sanity, verdict);
	if (verdict->is_sound)
		judge_members(sanity, verdict);
}

void sanity_verdict_release(struct sanity_verdict *verdict)
{
	for (size_t i = 0; i < verdict->n_conditions; i++)
		condition_release(&verdict->conditions[i]);
	strs_release(&verdict->valid);
	*verdict = (struct sanity_verdict){ 0 };
}
