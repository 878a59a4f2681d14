#include "tests/sim/kubesim/kubeconfig.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sim/kubesim/text.h"

bool ks_write_file(const char *path, const char *text, struct err *err)
{
	CLEANUP(freep) char *temporary = xasprintf("%s.new", path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t n = strlen(text);
	bool is_written = fd >= 0 && write(fd, text, n) == (ssize_t)n;

	if (fd >= 0 && close(fd) != 0)
		is_written = false;
	return (is_written && rename(temporary, path) == 0) || err_set(err, ERR_INVALID, "%s: %m", path);
}

static cJSON *named(cJSON *list, const char *name, const char *key)
{
	cJSON *entry = json_add_object(list);

	json_put_str(entry, "name", name);
	return json_put_object(entry, key);
}

static void put_base64(cJSON *object, const char *key, const char *text)
{
	CLEANUP(freep) char *encoded = ks_base64(slice_of(text));

	json_put_str(object, key, encoded);
}

static void put_user(cJSON *user, size_t index, const struct ks_pki *pki, const struct ks_settings *settings,
		     const char *token_file)
{
	if (index % 3 == 0) {
		json_put_str(user, "token", settings->admin_token);
	} else if (index % 3 == 1) {
		put_base64(user, "client-certificate-data", pki->client_cert_pem);
		put_base64(user, "client-key-data", pki->client_key_pem);
	} else {
		json_put_str(user, "tokenFile", token_file);
	}
}

/* Clients look for a relative token file beside the kubeconfig; from anywhere else it has to be absolute. */
static char *absolute(const char *path)
{
	char folder[PATH_MAX];

	return *path == '/' || !getcwd(folder, sizeof(folder)) ? xstrdup(path) : xasprintf("%s/%s", folder, path);
}

bool ks_write_kubeconfig(const char *path, struct ks_front *const *fronts, size_t n_fronts, const struct ks_pki *pki,
			 const struct ks_settings *settings, struct err *err)
{
	CLEANUP(cJSON_Deletep) cJSON *config = cJSON_CreateObject();
	CLEANUP(freep) char *whole = absolute(path);
	CLEANUP(freep) char *token_file = xasprintf("%s.token", whole);
	CLEANUP(freep) char *text = NULL;
	cJSON *clusters, *users, *contexts;

	json_put_str(config, "apiVersion", "v1");
	json_put_str(config, "kind", "Config");
	json_put_str(config, "current-context", ks_front_cluster(fronts[0])->name);
	clusters = json_put_array(config, "clusters");
	users = json_put_array(config, "users");
	contexts = json_put_array(config, "contexts");
	for (size_t i = 0; i < n_fronts; i++) {
		const char *name = ks_front_cluster(fronts[i])->name;
		CLEANUP(freep) char *server = xasprintf("https://%s", ks_front_address(fronts[i]));
		CLEANUP(freep) char *user = xasprintf("%s-user", name);
		cJSON *entry = named(clusters, name, "cluster");

		json_put_str(entry, "server", server);
		put_base64(entry, "certificate-authority-data", pki->ca_pem);
		put_user(named(users, user, "user"), i, pki, settings, token_file);
		entry = named(contexts, name, "context");
		json_put_str(entry, "cluster", name);
		json_put_str(entry, "user", user);
	}
	text = json_text(config);      /* in one line: tabs are JSON, but not YAML */
	return ks_write_file(token_file, settings->admin_token, err) && ks_write_file(path, text, err);
}
