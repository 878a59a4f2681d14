/* ctl/commands.h - the commands: each takes the arguments and gives the exit status, EXIT_... of args.h. */
#pragma once

#include "ctl/args.h"

int status_command(const struct args *args);
int promote_command(const struct args *args);
int demote_command(const struct args *args);
