/* Digests: the examples of the standards. */
#include "tests/unit/unit.h"

#include "common/base/hash.h"

static const struct example {
	const char *name, *text, *sha1, *sha256;
} examples[] = {
	{ "nothing", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
	  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
};

static void digest_is_the_standards(void **state)
{
	const struct example *row = *state;
	struct sha256 hash;
	char text[65];

	sha1_hex(slice_of(row->text), text);
	assert_text(text, row->sha1);
	sha256_of(slice_of(row->text), &hash);
	sha256_hex(&hash, text);
	assert_text(text, row->sha256);
}

int main(void)
{
	return RUN_TABLE(digest_is_the_standards, examples);
}
