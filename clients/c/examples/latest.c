/* Print the latest value of a stream and the state it is in.
 *
 *     latest [--run-dir DIR] spot:btcusdt@kline_1m
 *
 * Build: cc -O2 -I.. latest.c -o latest -lm
 * Exit codes: 0 ok, 2 bad command line, 67 no such stream, or it has no latest value, 69 no gateway
 * running, 76 segment cannot be read. */
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
    case GW_ERROR_STREAM: return 67;
    default: return 76;
    }
}

/* A kind whose value lies in VALUES: gw_read_… takes the stream's row. */
static int print_value(const gw_segment *seg, const char *name, uint32_t stream)
{
    gw_any_value any;
    int status = gw_read_value(seg, stream, &any);
    if (status < 0) return status;
    printf("%s %s ", name, status_name(status));
    const double fixed = gw_scale(GW_FIXED_EXPONENT);
    switch (any.meta.kind) {
    case GW_KIND_KLINE:
    case GW_KIND_CONTINUOUS_KLINE:
    case GW_KIND_INDEX_KLINE:
    case GW_KIND_MARK_KLINE: {
        const double px = gw_scale(any.kline.px_exponent); /* of this very candle */
        printf("open %.9g high %.9g low %.9g close %.9g volume %.9g%s\n", gw_float(any.kline.open_px, px),
               gw_float(any.kline.high_px, px), gw_float(any.kline.low_px, px), gw_float(any.kline.close_px, px),
               any.kline.volume, any.meta.flags & GW_FLAG_CLOSED ? " closed" : "");
        break;
    }
    case GW_KIND_AVERAGE_PRICE:
    case GW_KIND_REFERENCE_PRICE:
    case GW_KIND_COMPOSITE_INDEX: printf("price %.12g\n", gw_float(any.price.px, fixed)); break;
    case GW_KIND_LIQUIDATION:
        printf("%s %.16s average %.12g\n", any.liquidation.side == GW_SIDE_SELL ? "SELL" : "BUY",
               any.liquidation.order_status, gw_float(any.liquidation.average_px, fixed));
        break;
    case GW_KIND_ASSET_INDEX: printf("index %.12g\n", gw_float(any.asset.index_px, fixed)); break;
    default: printf("kind %u, update id %llu\n", any.meta.kind, (unsigned long long)any.meta.update_id);
    }
    return GW_OK;
}

/* A kind with a slot of its instrument: gw_read_… takes the instrument's row. */
static int print_slot(const gw_segment *seg, const char *name, const gw_stream *stream)
{
    gw_mark mark;
    gw_quote quote;
    const double fixed = gw_scale(GW_FIXED_EXPONENT);
    int status = GW_ERROR_STREAM;
    if (stream->kind == GW_KIND_MARK_PRICE || stream->kind == GW_KIND_INDEX_PRICE) {
        status = gw_read_mark(seg, stream->symbol, &mark);
        if (status >= 0)
            printf("%s %s mark %.12g index %.12g funding %.9g\n", name, status_name(status),
                   gw_float(mark.mark_px, fixed), gw_float(mark.index_px, fixed),
                   gw_float(mark.funding_rate, fixed));
    } else if (stream->kind == GW_KIND_QUOTE) {
        status = gw_read_quote(seg, stream->symbol, &quote);
        if (status >= 0)
            printf("%s %s bid %.12g ask %.12g\n", name, status_name(status),
                   gw_px(seg, stream->symbol, quote.bid_px), gw_px(seg, stream->symbol, quote.ask_px));
    }
    return status < 0 ? status : GW_OK;
}

static int print_latest(gw_segment *seg, const char *name, uint32_t row)
{
    gw_stream stream;
    int code = gw_read_stream(seg, row, &stream);
    if (code) return code;
    return stream.value == GW_NO_ROW ? print_slot(seg, name, &stream) : print_value(seg, name, row);
}

int main(int argc, char **argv)
{
    const char *run_dir = NULL, *name = NULL;
    for (int index = 1; index < argc; index++) {
        if (!strcmp(argv[index], "--run-dir") && index + 1 < argc) run_dir = argv[++index];
        else if (argv[index][0] != '-' && !name) name = argv[index];
        else name = NULL, index = argc;
    }
    if (!name) {
        fprintf(stderr, "usage: latest [--run-dir DIR] spot:btcusdt@kline_1m\n");
        return 2;
    }
    gw_segment seg;
    uint32_t row;
    int code = gw_open_stream(&seg, run_dir, name, &row);
    if (!code) {
        code = print_latest(&seg, name, row);
        if (code) gw_fail(&seg, code, name);
    }
    if (code) fprintf(stderr, "latest: %s\n", seg.error);
    return code ? exit_code(code) : 0;
}
