/* ctl/plain.h - foreign text made fit for a terminal. Pure. */
#pragma once

#include "common/base/base.h"

/* In place: control characters (line ends and escape sequences among them) become blanks, bytes that are no UTF-8 "?".
 * NULL is fine. Returns text. */
char *plain(char *text);
