#include <yaml.h>

#include "common/base/buf.h"
#include "common/base/yaml.h"
#include "ctl/plain.h"
#include "ctl/show.h"

#define TEXT_MAX_BYTES (8 * 1024 * 1024)

static int on_bytes(void *arg, unsigned char *bytes, size_t n)
{
	return buf_add(arg, (struct slice){ (const char *)bytes, n });
}

/* Read back without quotes it would be something else than this text. */
static bool needs_quotes(const char *text)
{
	CLEANUP(cJSON_Deletep) cJSON *value = NULL;

	value = yaml_parse(slice_of(text), NULL);
	return !cJSON_IsString(value) || !streq(value->valuestring, text);
}

static void emit(yaml_emitter_t *emitter, yaml_event_t *event, int is_made)
{
	if (!is_made || !yaml_emitter_emit(emitter, event))
		abort();       /* out of memory, or our events are no document */
}

static void emit_scalar(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
	yaml_event_t event;

	emit(emitter, &event, yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text),
							   1, 1, style));
}

static void emit_text(yaml_emitter_t *emitter, const char *given)
{
	/* The emitter takes nothing but UTF-8. */
	CLEANUP(freep) char *text = plain(xstrdup(given));

	emit_scalar(emitter, text, needs_quotes(text) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE);
}

static void emit_value(yaml_emitter_t *emitter, const cJSON *value)
{
	bool is_list = cJSON_IsArray(value);
	CLEANUP(freep) char *plain = NULL;
	const cJSON *item;
	yaml_event_t event;

	if (cJSON_IsString(value)) {
		emit_text(emitter, value->valuestring);
		return;
	}
	if (!is_list && !cJSON_IsObject(value)) {
		plain = json_text(value);
		emit_scalar(emitter, plain, YAML_PLAIN_SCALAR_STYLE);
		return;
	}
	emit(emitter, &event, is_list ? yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE)
				      : yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
	cJSON_ArrayForEach(item, value) {
		if (!is_list)
			emit_text(emitter, item->string);
		emit_value(emitter, item);
	}
	emit(emitter, &event, is_list ? yaml_sequence_end_event_initialize(&event)
				      : yaml_mapping_end_event_initialize(&event));
}

char *yaml_text(const cJSON *value)
{
	CLEANUP(buf_release) struct buf out;
	yaml_emitter_t emitter;
	yaml_event_t event;

	buf_init(&out, TEXT_MAX_BYTES);
	if (!yaml_emitter_initialize(&emitter))
		abort();
	yaml_emitter_set_output(&emitter, on_bytes, &out);
	yaml_emitter_set_width(&emitter, -1);
	yaml_emitter_set_unicode(&emitter, 1);
	emit(&emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(&emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	emit_value(&emitter, value);
	emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1));
	emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
	yaml_emitter_delete(&emitter);
	return buf_take(&out);
}
