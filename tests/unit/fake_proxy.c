#include "tests/unit/fake_proxy.h"

#include "common/base/buf.h"

struct link;

struct side {
	uv_tcp_t tcp;
	struct link *link;
};

struct link {
	struct fake_proxy *proxy;
	struct side client, target;
	uv_connect_t connect;
	struct buf head;
	int n_steps;                   /* of SOCKS5's greeting */
	int n_open;
	bool is_linked, is_closing;
};

struct fake_proxy {
	uv_tcp_t listener;
	enum fake_proxy_type type;
	int port, target_port;
	struct buf asked;
	struct link *link;             /* the newest */
};

struct piece {
	uv_write_t write;
	char bytes[];
};

static void on_link_closed(uv_handle_t *handle)
{
	struct link *link = container_of((uv_tcp_t *)handle, struct side, tcp)->link;

	if (--link->n_open)
		return;
	buf_release(&link->head);
	free(link);
}

static void close_link(struct link *link)
{
	if (link->is_closing)
		return;
	link->is_closing = true;
	if (link->proxy->link == link)
		link->proxy->link = NULL;
	uv_close((uv_handle_t *)&link->client.tcp, on_link_closed);
	uv_close((uv_handle_t *)&link->target.tcp, on_link_closed);
}

static void on_written(uv_write_t *write, int status)
{
	(void)status;
	free(container_of(write, struct piece, write));
}

static void send_bytes(struct side *side, const char *bytes, size_t n)
{
	struct piece *piece = xmalloc(sizeof(*piece) + n);
	uv_buf_t part = uv_buf_init(piece->bytes, (unsigned)n);

	memcpy(piece->bytes, bytes, n);
	if (uv_write(&piece->write, (uv_stream_t *)&side->tcp, &part, 1, on_written) < 0)
		free(piece);
}

static void send_text(struct side *side, const char *text)
{
	send_bytes(side, text, strlen(text));
}

static void on_alloc(uv_handle_t *handle, size_t want, uv_buf_t *out)
{
	static char bytes[65536];

	(void)handle, (void)want;
	*out = uv_buf_init(bytes, sizeof(bytes));
}

static void on_target_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
	struct link *link = container_of((uv_tcp_t *)stream, struct side, tcp)->link;

	if (n < 0)
		close_link(link);
	else
		send_bytes(&link->client, bytes->base, (size_t)n);
}

static void on_linked(uv_connect_t *connect, int status)
{
	struct link *link = container_of(connect, struct link, connect);

	if (status < 0) {
		close_link(link);
		return;
	}
	link->is_linked = true;
	if (link->proxy->type == FAKE_PROXY_CONNECT)
		send_text(&link->client, "HTTP/1.1 200 Fine\r\nX-Proxy: 1\r\n\r\n");
	else
		send_bytes(&link->client, "\5\0\0\1\0\0\0\0\0\0", 10);
	uv_read_start((uv_stream_t *)&link->target.tcp, on_alloc, on_target_bytes);
}

static void connect_target(struct link *link)
{
	struct sockaddr_in address;

	uv_ip4_addr("127.0.0.1", link->proxy->target_port, &address);
	uv_tcp_connect(&link->connect, &link->target.tcp, (const struct sockaddr *)&address, on_linked);
}

static void read_connect(struct link *link)
{
	struct fake_proxy *proxy = link->proxy;

	if (!strstr(buf_str(&link->head), "\r\n\r\n"))
		return;
	buf_clear(&proxy->asked);
	buf_puts(&proxy->asked, buf_str(&link->head));
	if (proxy->type == FAKE_PROXY_REFUSES)
		send_text(&link->client, "HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n");
	else
		connect_target(link);
}

/* RFC 1928: no authentication, CONNECT, a name. */
static void read_socks5(struct link *link)
{
	const char *p = link->head.p;
	size_t n = link->head.n;

	if (link->n_steps == 0 && n >= 2 && n >= 2 + (size_t)p[1]) {
		send_bytes(&link->client, "\5\0", 2);
		buf_clear(&link->head);
		link->n_steps++;
	} else if (link->n_steps == 1 && n >= 5 && p[3] == 3 && n >= 7 + (size_t)(unsigned char)p[4]) {
		const unsigned char *port = (const unsigned char *)p + 5 + (unsigned char)p[4];

		buf_clear(&link->proxy->asked);
		buf_printf(&link->proxy->asked, "%.*s:%d", (unsigned char)p[4], p + 5, port[0] * 256 + port[1]);
		connect_target(link);
	}
}

static void on_client_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
	struct link *link = container_of((uv_tcp_t *)stream, struct side, tcp)->link;

	if (n < 0) {
		close_link(link);
		return;
	}
	if (link->is_linked) {
		send_bytes(&link->target, bytes->base, (size_t)n);
		return;
	}
	if (!buf_add(&link->head, (struct slice){ bytes->base, (size_t)n }))
		abort();
	if (link->proxy->type == FAKE_PROXY_SOCKS5)
		read_socks5(link);
	else
		read_connect(link);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct fake_proxy *proxy = container_of((uv_tcp_t *)listener, struct fake_proxy, listener);
	struct link *link = xcalloc(1, sizeof(*link));

	(void)status;
	link->proxy = proxy;
	link->client.link = link->target.link = link;
	link->n_open = 2;
	buf_init(&link->head, 65536);
	uv_tcp_init(listener->loop, &link->client.tcp);
	uv_tcp_init(listener->loop, &link->target.tcp);
	proxy->link = link;
	uv_accept(listener, (uv_stream_t *)&link->client.tcp);
	uv_read_start((uv_stream_t *)&link->client.tcp, on_alloc, on_client_bytes);
}

struct fake_proxy *fake_proxy_new(uv_loop_t *loop, enum fake_proxy_type type, int target_port)
{
	struct fake_proxy *proxy = xcalloc(1, sizeof(*proxy));
	struct sockaddr_in address;
	int size = sizeof(address);

	proxy->type = type;
	proxy->target_port = target_port;
	buf_init(&proxy->asked, 65536);
	uv_tcp_init(loop, &proxy->listener);
	uv_ip4_addr("127.0.0.1", 0, &address);
	if (uv_tcp_bind(&proxy->listener, (const struct sockaddr *)&address, 0) < 0 ||
	    uv_listen((uv_stream_t *)&proxy->listener, 16, on_connection) < 0 ||
	    uv_tcp_getsockname(&proxy->listener, (struct sockaddr *)&address, &size) < 0)
		abort();
	proxy->port = ntohs(address.sin_port);
	return proxy;
}

static void on_proxy_closed(uv_handle_t *handle)
{
	struct fake_proxy *proxy = container_of((uv_tcp_t *)handle, struct fake_proxy, listener);

	buf_release(&proxy->asked);
	free(proxy);
}

/* Clients go first, and their links with them. */
void fake_proxy_free(struct fake_proxy *proxy)
{
	if (!proxy)
		return;
	if (proxy->link)
		close_link(proxy->link);
	uv_close((uv_handle_t *)&proxy->listener, on_proxy_closed);
}

int fake_proxy_port(const struct fake_proxy *proxy)
{
	return proxy->port;
}

const char *fake_proxy_asked(const struct fake_proxy *proxy)
{
	return buf_str(&proxy->asked);
}
