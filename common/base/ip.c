#include "common/base/ip.h"

#include <arpa/inet.h>

bool ip_is_v6(const char *text)
{
	struct in6_addr addr;

	return text && inet_pton(AF_INET6, text, &addr) == 1;
}

bool ip_is_valid(const char *text)
{
	struct in_addr addr;

	/* inet_pton takes no leading zeros, no short forms and no zones. */
	return text && (inet_pton(AF_INET, text, &addr) == 1 || ip_is_v6(text));
}
