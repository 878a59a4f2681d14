/* Several kubeconfig files as one. */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "common/kube/kubeconfig.h"

#define FILES_MAX 3

static const struct row {
	const char *name;
	const char *files[FILES_MAX];  /* "": there is none of that name */
	const char *context;           /* looked at in what comes of it */
	const char *server, *token;    /* of it; NULL: no such context */
	const char *current;
	const char *error;             /* NULL: it is read. %s: the folder */
} rows[] = {
	{ "one file is what it is", { "{current-context: a, clusters: [{name: c, cluster: {server: 'https://h'}}],"
	  "users: [{name: u, user: {token: t}}], contexts: [{name: a, context: {cluster: c, user: u}}]}" },
	  "a", "https://h", "t", "a", NULL },
	{ "a context in one file, its cluster and user in others",
	  { "{contexts: [{name: a, context: {cluster: c, user: u}}]}", "{clusters: [{name: c, cluster: {server: 'https://h'}}]}",
	    "{users: [{name: u, user: {token: t}}]}" }, "a", "https://h", "t", NULL, NULL },
	{ "of equal names the first counts",
	  { "{current-context: a, contexts: [{name: a, context: {cluster: c}}], clusters: [{name: c, cluster: {server: 'https://h'}}]}",
	    "{current-context: b, contexts: [{name: a, context: {cluster: d}}], clusters: [{name: c, cluster: {server: 'https://i'}},"
	    "{name: d, cluster: {server: 'https://j'}}]}" }, "a", "https://h", NULL, "a", NULL },
	{ "a file that is not there is passed over", { "", "{current-context: b, clusters: [{name: c, cluster: {server: 'https://h'}}],"
	  "contexts: [{name: b, context: {cluster: c}}]}" }, "b", "https://h", NULL, "b", NULL },
	{ "an empty file is passed over", { "\n", "{clusters: [{name: c, cluster: {server: 'https://h'}}],"
	  "contexts: [{name: b, context: {cluster: c}}]}" }, "b", "https://h", NULL, NULL, NULL },
	{ "no file at all", { "", "" }, NULL, NULL, NULL, NULL, "%s/0:%s/1: not there" },
	{ "a malformed file is named", { "{contexts: []}", "[" }, NULL, NULL, NULL, NULL,
	  "%s/1: line " },
	{ "a list that is none", { "{contexts: 7}" }, NULL, NULL, NULL, NULL, "%s/0: contexts: expected a list" },
	{ "a file that is no kubeconfig", { "text" }, NULL, NULL, NULL, NULL, "%s/0: not a kubeconfig: no fields in it" },
};

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void assert_error(const char *got, const char *want, const char *dir)
{
	CLEANUP(freep) char *text = NULL;
	const char *place = strstr(want, "%s"), *second = place ? strstr(place + 2, "%s") : NULL;

	text = second ? xasprintf("%.*s%s%.*s%s%s", (int)(place - want), want, dir, (int)(second - place - 2), place + 2, dir,
				  second + 2)
		      : xasprintf("%.*s%s%s", (int)(place - want), want, dir, place + 2);
	assert_int_equal(strncmp(got, text, strlen(text)), 0);
}

static void is_merged(void **state)
{
	const struct row *row = *state;
	char dir[] = "/tmp/kubeconfig-XXXXXX";
	CLEANUP(strs_release) struct strs paths = { 0 };
	const struct kube_context *context;
	struct kubeconfig config;
	struct err err = { 0 };

	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < FILES_MAX && row->files[i]; i++) {
		strs_take(&paths, xasprintf("%s/%zu", dir, i));
		if (*row->files[i])
			write_file(paths.v[i], row->files[i]);
	}
	assert_int_equal(kubeconfig_read_merged(&paths, &config, &err), !row->error);
	for (size_t i = 0; i < paths.n; i++)
		unlink(paths.v[i]);
	rmdir(dir);
	if (row->error) {
		assert_error(err.msg, row->error, dir);
		return;
	}
	context = kubeconfig_find(&config, row->context);
	assert_non_null(context);
	assert_null(context->error);
	assert_text(context->server, row->server);
	assert_text(context->token.bytes, row->token);
	assert_text(config.current, row->current);
	kubeconfig_release(&config);
}

static void paths_are_relative_to_their_own_file(void **state)
{
	char dir[] = "/tmp/kubeconfig-XXXXXX";
	CLEANUP(strs_release) struct strs paths = { 0 };
	CLEANUP(freep) char *ca = NULL, *token = NULL, *command = NULL;
	const struct kube_context *context;
	struct kubeconfig config;

	(void)state;
	assert_non_null(mkdtemp(dir));
	strs_take(&paths, xasprintf("%s/config", dir));
	ca = xasprintf("%s/ca.pem", dir);
	token = xasprintf("%s/t", dir);
	command = xasprintf("%s/bin/login", dir);
	write_file(ca, "CA");
	write_file(paths.v[0], "{clusters: [{name: c, cluster: {server: 'https://h', certificate-authority: ca.pem}}],"
		   "users: [{name: u, user: {tokenFile: t}}, {name: v, user: {exec: {command: bin/login,"
		   "apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}}],"
		   "contexts: [{name: a, context: {cluster: c, user: u}}, {name: b, context: {cluster: c, user: v}}]}");
	assert_true(kubeconfig_read_merged(&paths, &config, NULL));
	context = kubeconfig_find(&config, "a");
	assert_text(context->ca_pem, "CA");
	assert_text(context->token_file, token);
	assert_text(kubeconfig_find(&config, "b")->exec->command, command);
	kubeconfig_release(&config);
	unlink(ca);
	unlink(paths.v[0]);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(paths_are_relative_to_their_own_file) };

	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(is_merged, rows);
}
