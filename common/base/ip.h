/* common/base/ip.h - is this text an address? */
#pragma once

#include "common/base/base.h"

/* Dotted IPv4 without leading zeros, or IPv6 without zone. NULL is none. */
bool ip_is_valid(const char *text);
/* An IPv6 literal? */
bool ip_is_v6(const char *text);
