/* replay: sends recorded requests to a controller again, as fast as it takes them: what the network and the controller alone
 * cost. Shares no code with the product (only libcurl), so that it measures nothing of it.
 *
 * usage: replay https://HOST:PORT USER PASSWORD FILE
 * FILE has one request a line: LANE <tab> METHOD <tab> PATH <tab> TENANT <tab> BODY. Requests of one lane are sent in order on
 * one connection, lanes side by side. Prints one line of JSON: {"requests": n, "failed": n, "seconds": s}.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_LANES 64

struct request {
	char *method, *path, *tenant, *body;
};

struct lane {
	struct request *requests;
	size_t n, n_failed;
	pthread_t thread;
};

static const char *base_url, *user, *password;

static size_t drop(char *bytes, size_t size, size_t n, void *arg)
{
	(void)bytes;
	(void)arg;
	return size * n;
}

static void set_common(CURL *curl)
{
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_COOKIEFILE, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
}

/* The CSRF token out of the cookies of this handle. */
static void csrf_token(CURL *curl, char *out, size_t size)
{
	struct curl_slist *cookies = NULL;

	out[0] = '\0';
	curl_easy_getinfo(curl, CURLINFO_COOKIELIST, &cookies);
	for (struct curl_slist *c = cookies; c; c = c->next) {
		char *name = strstr(c->data, "\tcsrftoken\t");

		if (name)
			snprintf(out, size, "%s", name + strlen("\tcsrftoken\t"));
	}
	curl_slist_free_all(cookies);
}

static bool log_in(CURL *curl)
{
	char url[512], body[512];
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	long status = 0;

	snprintf(url, sizeof(url), "%s/login", base_url);
	snprintf(body, sizeof(body), "{\"username\":\"%s\",\"password\":\"%s\"}", user, password);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	return status == 200;
}

static struct curl_slist *headers_of(const struct request *r, const char *token)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	char line[1024];

	headers = curl_slist_append(headers, "Expect:");
	headers = curl_slist_append(headers, "X-Avi-Version: 22.1.3");
	snprintf(line, sizeof(line), "X-Avi-Tenant: %s", r->tenant);
	headers = curl_slist_append(headers, line);
	snprintf(line, sizeof(line), "X-CSRFToken: %s", token);
	headers = curl_slist_append(headers, line);
	snprintf(line, sizeof(line), "Referer: %s/", base_url);
	return curl_slist_append(headers, line);
}

static bool send_one(CURL *curl, const struct request *r, const char *token)
{
	struct curl_slist *headers = headers_of(r, token);
	char url[2048];
	long status = 0;
	CURLcode code;

	snprintf(url, sizeof(url), "%s%s", base_url, r->path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, *r->body ? r->body : NULL);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(r->body));
	if (!*r->body)
		curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	return code == CURLE_OK && status >= 200 && status < 300;
}

static void *run_lane(void *arg)
{
	struct lane *lane = arg;
	CURL *curl = curl_easy_init();
	char token[256];

	set_common(curl);
	if (!log_in(curl)) {
		lane->n_failed = lane->n;
		curl_easy_cleanup(curl);
		return NULL;
	}
	csrf_token(curl, token, sizeof(token));
	for (size_t i = 0; i < lane->n; i++)
		if (!send_one(curl, &lane->requests[i], token))
			lane->n_failed++;
	curl_easy_cleanup(curl);
	return NULL;
}

/* Cuts the line at tabs, in place; the body keeps the rest. */
static bool parse_line(char *line, struct lane *lanes)
{
	char *field[5];
	struct lane *lane;
	unsigned long n;

	line[strcspn(line, "\n")] = '\0';
	for (int i = 0; i < 5; i++) {
		field[i] = line;
		line = i < 4 ? strchr(line, '\t') : NULL;
		if (i < 4 && !line)
			return false;
		if (line)
			*line++ = '\0';
	}
	n = strtoul(field[0], NULL, 10);
	if (n >= MAX_LANES)
		return false;
	lane = &lanes[n];
	lane->requests = realloc(lane->requests, (lane->n + 1) * sizeof(*lane->requests));
	lane->requests[lane->n++] = (struct request){ strdup(field[1]), strdup(field[2]), strdup(field[3]), strdup(field[4]) };
	return true;
}

static bool read_file(const char *path, struct lane *lanes)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	bool good = f != NULL;

	while (good && getline(&line, &size, f) > 0)
		good = parse_line(line, lanes);
	free(line);
	if (f)
		fclose(f);
	return good;
}

int main(int argc, char **argv)
{
	static struct lane lanes[MAX_LANES];
	struct timespec begin, end;
	size_t n = 0, n_failed = 0;

	if (argc != 5) {
		fputs("usage: replay https://HOST:PORT USER PASSWORD FILE\n", stderr);
		return 2;
	}
	base_url = argv[1];
	user = argv[2];
	password = argv[3];
	if (!read_file(argv[4], lanes)) {
		fprintf(stderr, "replay: %s: cannot be read\n", argv[4]);
		return 1;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < MAX_LANES; i++)
		if (lanes[i].n && pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]) != 0)
			return 1;
	for (int i = 0; i < MAX_LANES; i++) {
		if (!lanes[i].n)
			continue;
		pthread_join(lanes[i].thread, NULL);
		n += lanes[i].n;
		n_failed += lanes[i].n_failed;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("{\"requests\": %zu, \"failed\": %zu, \"seconds\": %.6f}\n", n, n_failed,
	       (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	return n_failed ? 1 : 0;
}
