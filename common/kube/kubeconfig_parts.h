/* common/kube/kubeconfig_parts.h - what the files of kubeconfig share. Part of it. */
#pragma once

#include "common/base/json.h"
#include "common/kube/kubeconfig.h"

/* Reads a regular file, or with is_any whatever gives bytes (a pipe of the shell's). */
bool kubeconfig_read_file(const char *path, size_t max_bytes, bool is_any, struct secret *out, struct err *err);
char *kubeconfig_path_in(const char *dir, const char *path);       /* yours; dir NULL: the current one */
/* json: a whole file. out: as kubeconfig_parse(). */
bool kubeconfig_from_json(const cJSON *json, const char *dir, struct kubeconfig *out, struct err *err);
