/* tests/unit/informer_talk.h - an informer of Services in talk with a scripted API server: what it asks, what its owner hears. */
#pragma once

#include "common/kube/informer.h"

#include "common/base/buf.h"
#include "tests/unit/fake_http.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS 5000

/* ---- what servers say. An object has a text, which is what is kept of it; "dull" is of no interest. ---- */

#define PAGE(version, token, items) "{\"kind\":\"ServiceList\",\"metadata\":{\"resourceVersion\":\"" version "\",\"continue\":\"" token "\"}," \
	"\"items\":[" items "]}"
#define LIST(version, items) PAGE(version, "", items)
#define OBJECT(name, version, text) "{\"metadata\":{\"namespace\":\"web\",\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}," \
	"\"text\":\"" text "\"}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define BOOKMARK(version) EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"" version "\"}}")
#define ERROR_EVENT(code) EVENT("ERROR", "{\"kind\":\"Status\",\"code\":" code ",\"message\":\"sorry\"}")
#define STATUS(text) "{\"kind\":\"Status\",\"message\":\"" text "\"}"

#define FIRST_PAGE "GET /api/v1/services?limit=100 HTTP/1.1"
#define WATCH_FROM(version) "GET /api/v1/services?watch=true&allowWatchBookmarks=true&resourceVersion=" version "&timeoutSeconds="
#define A OBJECT("a", "1", "one")
#define B OBJECT("b", "2", "one")

struct talk {
	uv_loop_t loop;
	struct http_client *http;
	struct kube_client *kube;
	struct fake_http *fake;
	struct informer *informer;
	struct buf heard;
	const char *wanted;
	size_t n_requests;
	bool frees_on_change, frees_on_state;
	int64_t last_push_ms;
};

/* 10 to 20 ms of back-off, 30 ms of proof, 5 ms of spread. */
struct informer_options talk_options(struct talk *talk);
void talk_set_times(struct informer_times *times, const struct informer_times *given);     /* 0: not given */
void talk_open(struct talk *talk, const struct fake_answer *answers, size_t n);
void talk_close(struct talk *talk);                 /* what was asked must have been what the answers want */
bool talk_is_heard(void *talk);                     /* for run_until(): `wanted`, and as many requests */
bool talk_never(void *arg);

/* A row of a table. heard: "+web/a=one", "~web/a=one>two", "-web/a=two", "[state: reason]", each followed by a blank. */
#define MAX_ANSWERS 10
struct conversation {
	const char *name;
	struct fake_answer answers[MAX_ANSWERS];
	const char *field_selector;
	struct informer_times times;   /* 0: as talk_options() says */
	size_t max_objects;
	const char *heard;
};
void talk_goes(void **state);                       /* for RUN_TABLE */
