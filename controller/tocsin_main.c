/* tocsin: the command line. Everything but `tocsin check` goes through the daemon's API. */
#include "controller/cli.h"

#include <signal.h>

int main(int argc, char *argv[])
{
    enum { PATIENCE_MS = 30000 };
    signal(SIGPIPE, SIG_IGN);
    struct cli_setup setup = {.in = stdin, .out = stdout, .err = stderr, .patience_ms = PATIENCE_MS};
    return (int)cli_run(&setup, argc, argv);
}
