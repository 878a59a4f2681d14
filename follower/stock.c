#include "follower/stock.h"

#include "common/base/log.h"

struct stock;

struct shelf {
	struct stock *stock;
	const struct kube_resource *kind;
	struct informer *informer;
};

struct stock {
	struct stock_options options;
	struct shelf shelves[COPY_KINDS];
	bool is_opening;               /* the shelves are not all there yet */
};

/* Kept as text: a value of cJSON takes ten times as much. Who manages which field is of no interest here. */
static void *keep(void *arg, const cJSON *object)
{
	cJSON *copy = cJSON_Duplicate(object, true);
	char *text;

	(void)arg;
	cJSON_DeleteItemFromObjectCaseSensitive(cJSON_GetObjectItemCaseSensitive(copy, "metadata"), "managedFields");
	text = json_text(copy);
	cJSON_Delete(copy);
	return text;
}

static bool is_same(const void *a, const void *b)
{
	return streq(a, b);
}

static void on_object(void *arg, const char *namespace, const char *name, const void *before, const void *after)
{
	struct shelf *shelf = arg;
	CLEANUP(freep) char *key = xconcat(shelf->kind->kind, "/", namespace, "/", name);

	(void)before, (void)after;
	shelf->stock->options.on_change(shelf->stock->options.arg, key);
}

static void on_state(void *arg, enum informer_state state, const struct err *err)
{
	struct shelf *shelf = arg;

	if (err)
		log_warn("own_cluster_trouble", KV("kind", shelf->kind->kind), KV("state", informer_state_name(state)),
			 KV("err", (const char *)err->msg));
	if (!shelf->stock->is_opening)
		shelf->stock->options.on_state(shelf->stock->options.arg);
}

struct stock *stock_new(const struct stock_options *options)
{
	struct stock *stock = xcalloc(1, sizeof(*stock));

	stock->options = *options;
	stock->is_opening = true;
	for (int i = 0; i < COPY_KINDS; i++) {
		struct shelf *shelf = &stock->shelves[i];

		*shelf = (struct shelf){ .stock = stock, .kind = copy_kinds[i] };
		shelf->informer = informer_new(&(struct informer_options){
			.kube = options->kube, .loop = options->loop, .resource = copy_kinds[i], .project = keep, .same = is_same,
			.free = free, .on_change = on_object, .on_state = on_state, .arg = shelf });
	}
	stock->is_opening = false;
	return stock;
}

void stock_free(struct stock *stock)
{
	if (!stock)
		return;
	for (int i = 0; i < COPY_KINDS; i++)
		informer_free(stock->shelves[i].informer);
	free(stock);
}

static const struct shelf *shelf_of(const struct stock *stock, const char *key, struct copy_key *parsed)
{
	if (!copy_key_parse(slice_of(key), parsed))
		return NULL;
	for (int i = 0; i < COPY_KINDS; i++)
		if (stock->shelves[i].kind == parsed->kind)
			return &stock->shelves[i];
	return NULL;
}

bool stock_knows(const struct stock *stock, const char *key)
{
	struct copy_key parsed;
	const struct shelf *shelf = shelf_of(stock, key, &parsed);

	return shelf && informer_state(shelf->informer) == INFORMER_SYNCED;
}

cJSON *stock_get(const struct stock *stock, const char *key)
{
	struct copy_key parsed;
	const struct shelf *shelf = shelf_of(stock, key, &parsed);
	const char *text = shelf ? informer_get(shelf->informer, parsed.namespace, parsed.name) : NULL;

	return text ? json_parse(slice_of(text), NULL) : NULL;
}

struct visit {
	const struct shelf *shelf;
	void (*each)(void *arg, const char *key);
	void *arg;
};

static void visit(void *arg, const char *namespace, const char *name, const void *projection)
{
	const struct visit *v = arg;
	CLEANUP(freep) char *key = xconcat(v->shelf->kind->kind, "/", namespace, "/", name);

	(void)projection;
	v->each(v->arg, key);
}

void stock_each(const struct stock *stock, void (*each)(void *arg, const char *key), void *arg)
{
	for (int i = 0; i < COPY_KINDS; i++)
		informer_each(stock->shelves[i].informer, visit, &(struct visit){ &stock->shelves[i], each, arg });
}
