/* tests/sim/kubesim/load.h - objects that come from outside of the API: definitions from files, many objects at once.
 */
#pragma once

#include "tests/sim/kubesim/cluster.h"

/* Creates or replaces an object with its status, whatever it is now; checks only that its kind is served. A namespace
 * that it is in is made if need be. */
bool ks_load_object(struct ks_cluster *cluster, const cJSON *object, struct err *err);
/* false: its kind is not served. What is not there is no failure. */
bool ks_unload_object(struct ks_cluster *cluster, const cJSON *object, struct err *err);
/* All CustomResourceDefinitions of a YAML file, or of every .yaml, .yml and .json file of a folder, in the order of
 * their names. Other objects are passed over. */
bool ks_load_definitions(struct ks_cluster *cluster, const char *path, struct err *err);
