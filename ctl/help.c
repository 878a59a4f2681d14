#include "ctl/args.h"

#define OPTIONS \
	"      --kubeconfig FILE   contexts of the clusters (default: the files in KUBECONFIG, then ~/.kube/config)\n" \
	"      --context NAME      the cluster to begin with; its AMKOCluster names the others\n" \
	"  -n, --namespace NAME    where amko runs, in every cluster (default: avi-system)\n"

static const char general[] =
	"usage: kubectl amko COMMAND [options]\n"
	"\n"
	"Shows and moves the leadership of a federation of amko instances. The member clusters are those that the\n"
	"AMKOCluster of one of them names; each is reached by the context of that name in your kubeconfig.\n"
	"\n"
	"  status                  who leads, who could, and what is wrong\n"
	"                            kubectl amko status -o wide\n"
	"  promote CONTEXT         hand leadership over to that cluster, or let it lead after a disaster\n"
	"                            kubectl amko promote west\n"
	"  demote [CONTEXT]        let the leader stand down\n"
	"                            kubectl amko demote\n"
	"  help [COMMAND]          more on a command\n"
	"  version                 of this program\n"
	"\n"
	"options of all commands:\n"
	OPTIONS
	"      --timeout DURATION  how long to wait: 30s, 5m\n"
	"  -h, --help\n"
	"\n"
	"exit status: 0 done; 1 failed; 2 not understood; 3 refused, since it would not be safe; 4 not done in time\n";

static const char status[] =
	"usage: kubectl amko status [-o wide|json|yaml] [options]\n"
	"\n"
	"One line for each member cluster, out of its AMKOCluster and its Lease amko-leader:\n"
	"\n"
	"  ROLE      what its instance says it is: leader, candidate, follower, standing-down\n"
	"  LEADER    the cluster whose instance holds its Lease and leads\n"
	"  EPOCH     the number of that leadership; it only grows\n"
	"  HOLDER    who holds the Lease: context and pod\n"
	"  CHANGED   how long ago the Lease changed, by that API server's clock; a living leader changes it every few\n"
	"            seconds\n"
	"  ACQUIRED  true: the holder leads; false: it tries to\n"
	"  FIT       whether that instance could lead now, else what it lacks\n"
	"  VERSION   of AMKOCluster\n"
	"\n"
	"Below it is what is wrong, cluster by cluster. -o wide shows more columns and all conditions.\n"
	"\n"
	"  kubectl amko status\n"
	"  kubectl amko status --context west        # begin with another cluster, when the usual one is lost\n"
	"  kubectl amko status -o json | jq -r .leader\n"
	"\n"
	"options:\n"
	"  -o, --output FORMAT     wide, json or yaml\n"
	OPTIONS
	"      --timeout DURATION  for each request (default: 10s)\n"
	"\n"
	"exit status: 0 at least one cluster answered; 1 none did; 2 not understood\n";

static const char promote[] =
	"usage: kubectl amko promote CONTEXT [--force [--yes-federation-id ID]] [options]\n"
	"\n"
	"Makes the instance in cluster CONTEXT the leader, and waits until it is:\n"
	"\n"
	"  1. spec.isLeader becomes false in every other cluster that can be reached\n"
	"  2. CONTEXT gets isLeader: true and a new value of annotation amko.vmware.com/promote, which is the order\n"
	"  3. the old leader finishes its writes and gives its Leases up; CONTEXT takes them\n"
	"\n"
	"An old leader that cannot be reached is no obstacle: its cluster's Lease runs out first. Started again, it\n"
	"follows. What is interrupted may be run again.\n"
	"\n"
	"  kubectl amko promote west                 # planned: moves leadership without a gap in safety\n"
	"  kubectl amko promote west --timeout 5m    # after a disaster: waits for the dead leader's Lease to run out\n"
	"\n"
	"--force takes Leases that are still alive. Only for a leader that you know to be dead, when promote without it\n"
	"does not get there: while the old one lives, both may write until the record on the controller stops it. You\n"
	"are asked for the federation's id (the UUID that status shows); it is noted in an Event and in the status.\n"
	"\n"
	"  kubectl amko promote west --force\n"
	"  kubectl amko promote west --force --yes-federation-id 3f0c7c1e-9a51-11ee-8f4b-0242ac120002\n"
	"\n"
	"options:\n"
	"      --force                    go past what would stop it\n"
	"      --yes-federation-id ID     do not ask\n"
	OPTIONS
	"      --timeout DURATION  for all of it (default: 3m)\n"
	"\n"
	"exit status: 0 CONTEXT leads; 1 failed; 2 not understood; 3 refused, nothing was changed; 4 it does not lead yet\n";

static const char demote[] =
	"usage: kubectl amko demote [CONTEXT] [options]\n"
	"\n"
	"Sets spec.isLeader to false in cluster CONTEXT (default: the one that leads), and waits until its instance has\n"
	"finished its writes and given its Leases up. With failover Automatic the fittest other member leads then; with\n"
	"Manual nobody does, until somebody is promoted. To move leadership, promote the other one: that demotes too.\n"
	"\n"
	"  kubectl amko demote\n"
	"  kubectl amko demote east\n"
	"\n"
	"options:\n"
	OPTIONS
	"      --timeout DURATION  for all of it (default: 3m)\n"
	"\n"
	"exit status: 0 it follows; 1 failed; 2 not understood; 3 refused, nothing was changed; 4 it still leads\n";

const char *help_text(enum command topic)
{
	switch (topic) {
	case COMMAND_STATUS:
		return status;
	case COMMAND_PROMOTE:
		return promote;
	case COMMAND_DEMOTE:
		return demote;
	default:
		return general;
	}
}
