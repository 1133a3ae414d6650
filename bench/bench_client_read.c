/* One thread reads one quote, and the 20 + 20 levels of one book, over and over; prints ns a read.
 *
 *     bench_client_read SEGMENT READS */
#include "gateway.h"

/* Keep the compiler from leaving out a read whose result nobody uses. */
#define USE(value) __asm__ volatile("" : : "r"(&(value)) : "memory")

int main(int argc, char **argv)
{
    gw_segment seg;
    gw_quote quote = {0};
    gw_book book = {0};
    long reads = argc > 2 ? atol(argv[2]) : 0, trusted = 0;
    if (reads < 1 || gw_open(&seg, argv[1])) return 1;
    int64_t begun = gw_now_mono();
    for (long count = 0; count < reads; count++) {
        trusted += gw_read_quote(&seg, 0, &quote) == GW_STATUS_LIVE;
        USE(quote);
    }
    int64_t quotes = gw_now_mono();
    for (long count = 0; count < reads; count++) {
        trusted += gw_read_book(&seg, 0, &book) == GW_STATUS_LIVE;
        USE(book);
    }
    int64_t books = gw_now_mono();
    for (long count = 0; count < reads; count++) {
        int64_t now = gw_now_mono();
        USE(now);
    }
    int64_t clocks = gw_now_mono();
    printf("{\"quote\": %.2f, \"book\": %.2f, \"clock\": %.2f, "
           "\"trusted\": %ld, \"bid_px\": %lld}\n",
           (double)(quotes - begun) / (double)reads, (double)(books - quotes) / (double)reads,
           (double)(clocks - books) / (double)reads, trusted, (long long)quote.bid_px);
    return 0;
}
