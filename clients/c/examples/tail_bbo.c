/* Print every change of an instrument's best bid and offer, until Ctrl-C or `--count` lines.
 *
 *     tail_bbo [--run-dir DIR] [--count N] spot:BTCUSDT
 *
 * Build: cc -O2 -I.. tail_bbo.c -o tail_bbo -lm
 * Exit codes: 0 ok, 2 bad command line, 67 no such symbol, 69 no gateway running, 76 segment
 * cannot be read. */
#include "gateway.h"

static const char *status_name(int status)
{
    static const char *const names[] = {"EMPTY", "LIVE", "SYNCING", "GAPPED",
                                        "STALE", "DOWN", "HALTED",  "RETIRED"};
    return status >= 0 && status <= GW_STATUS_RETIRED ? names[status] : "DEAD";
}

static int exit_code(int error)
{
    switch (error) {
    case GW_ERROR_BOOT:
    case GW_ERROR_NOT_RUNNING: return 69;
    case GW_ERROR_SYMBOL: return 67;
    default: return 76;
    }
}

static int fail(const gw_segment *seg, int error)
{
    const char *remedy = exit_code(error) == 76 ? "; restart the gateway, or build tail_bbo with the "
                                                  "gateway.h that came with it"
                                                : "";
    fprintf(stderr, "tail_bbo: %s%s\n", seg->error, remedy);
    return exit_code(error);
}

/* A line where anything that matters differs from the last one. */
static int print_change(const char *id, int status, const gw_quote *quote, const gw_symbol *row)
{
    static gw_quote last;
    static int last_status = -1;
    if (status == last_status && quote->bid_px == last.bid_px && quote->bid_qty == last.bid_qty
        && quote->ask_px == last.ask_px && quote->ask_qty == last.ask_qty)
        return 0;
    double px = gw_scale(row->px_exponent), qty = gw_scale(row->qty_exponent);
    printf("%s %s %.*f %.*f %.*f %.*f %llu\n", id, status_name(status), -row->px_exponent,
           gw_float(quote->bid_px, px), -row->qty_exponent, gw_float(quote->bid_qty, qty),
           -row->px_exponent, gw_float(quote->ask_px, px), -row->qty_exponent,
           gw_float(quote->ask_qty, qty), (unsigned long long)quote->meta.update_id);
    fflush(stdout);
    last = *quote;
    last_status = status;
    return 1;
}

static int follow(gw_segment *seg, const char *id, uint32_t row, long count)
{
    gw_symbol symbol;
    gw_quote quote;
    for (long printed = 0; !count || printed < count;) {
        uint32_t seen = gw_bell(seg); /* before the read, so that no change slips by */
        int status = gw_read_quote(seg, row, &quote);
        if (status < 0 || gw_read_symbol(seg, row, &symbol)) {
            fprintf(stderr, "tail_bbo: %s: %s\n", seg->path, gw_strerror(status));
            return exit_code(status);
        }
        printed += print_change(id, status, &quote, &symbol);
        int restarted = gw_refresh(seg); /* another file, maybe other rows */
        if (restarted) printf("epoch %llu\n", (unsigned long long)seg->generation);
        if (restarted || status == GW_STATUS_RETIRED) row = gw_find_symbol(seg, id);
        if (row == GW_NO_ROW) return fail(seg, gw_fail(seg, GW_ERROR_SYMBOL, id));
        if (restarted) continue;
        gw_wait(seg, seen, 20000000); /* 20 ms at most, to see a dead writer and its successor */
    }
    return 0;
}

/* A count of lines: digits, above 0. False: something else. */
static int parse_count(const char *text, long *count)
{
    char *end;
    *count = strtol(text, &end, 10);
    return end != text && !*end && *count > 0;
}

int main(int argc, char **argv)
{
    const char *run_dir = NULL, *id = NULL;
    long count = 0;
    for (int index = 1; index < argc; index++) {
        if (!strcmp(argv[index], "--run-dir") && index + 1 < argc) run_dir = argv[++index];
        else if (!strcmp(argv[index], "--count") && index + 1 < argc && parse_count(argv[index + 1], &count)) index++;
        else if (argv[index][0] != '-' && !id) id = argv[index];
        else id = NULL, index = argc;
    }
    if (!id) {
        fprintf(stderr, "usage: tail_bbo [--run-dir DIR] [--count N] spot:BTCUSDT\n");
        return 2;
    }
    gw_segment seg;
    uint32_t row;
    int code = gw_open_symbol(&seg, run_dir, id, &row);
    return code ? fail(&seg, code) : follow(&seg, id, row, count);
}
