/* copy: an object gives a copy whose body, sent to another cluster, is taken there as the same copy; what is made of it for the
 * cluster has it in. A body that is sent is taken only as it stands. */
#include "common/mirror/canonical.h"
#include "common/mirror/copy.h"
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

static void check_wire(const struct copy *copy)
{
	CLEANUP(copy_release) struct copy again = { 0 };
	CLEANUP(cJSON_Deletep) cJSON *object = NULL, *twice = NULL;
	CLEANUP(freep) char *text = NULL, *text_twice = NULL;

	assert(copy_from_wire(slice_of(copy->key), (struct slice){ copy->body, copy->n_body }, &copy->hash, &again, NULL));
	assert(streq(again.key, copy->key) && again.n_body == copy->n_body && streq(again.body, copy->body));
	object = copy_to_object(copy, NULL);
	assert(copy_is_labelled(object) && copy_is_in(copy, object));
	twice = copy_to_object(copy, object);
	text = json_text(object);
	text_twice = json_text(twice);
	assert(streq(text, text_twice));
}

/* The input as what a leader sent. */
static void check_body(struct slice body)
{
	CLEANUP(copy_release) struct copy copy = { 0 };
	CLEANUP(cJSON_Deletep) cJSON *object = NULL;
	struct sha256 hash;

	sha256_of(body, &hash);
	if (!copy_from_wire(slice_of("GSLBHostRule/shop/r"), body, &hash, &copy, NULL))
		return;
	assert(copy.n_body == body.n && memcmp(copy.body, body.p, body.n) == 0 && sha256_same(&copy.hash, &hash));
	object = copy_to_object(&copy, NULL);
	assert(copy_is_in(&copy, object));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *object = fuzz_json(data, size);
	CLEANUP(copy_release) struct copy copy = { 0 };
	struct copy_key key;

	if (copy_key_parse(fuzz_slice(data, size), &key))
		assert(*key.namespace && *key.name && !strchr(key.name, '/') && !strstr(key.name, ".."));
	check_body(fuzz_slice(data, size));
	if (object && copy_from_object(&KUBE_GDPS, object, &copy, NULL))
		check_wire(&copy);
	return 0;
}
