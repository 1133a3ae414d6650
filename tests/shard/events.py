"""Events as the venue sends them, with ids that a test chooses."""

from __future__ import annotations

T0 = 1_795_345_200_000  # ms


def trade(symbol: str, number: int) -> bytes:
    return (
        f'{{"e":"trade","E":{T0 + number},"s":"{symbol}","t":{number},"p":"100.25","q":"0.50000"'
        f',"T":{T0 + number},"m":true,"M":true}}'
    ).encode()


def quote(symbol: str, number: int) -> bytes:
    return (
        f'{{"u":{number},"s":"{symbol}","b":"100.25","B":"1.00000","a":"100.26","A":"2.00000"}}'
    ).encode()


def ticker(symbol: str, number: int) -> bytes:
    return (
        f'{{"e":"24hrTicker","E":{T0 + number},"s":"{symbol}","p":"1.25","P":"1.250","w":"100.5"'
        f',"x":"99.00","c":"100.25","Q":"0.50000","b":"100.25","B":"1.00000","a":"100.26"'
        f',"A":"2.00000","o":"99.00","h":"101.00","l":"98.00","v":"1000.00000","q":"100250.00"'
        f',"O":{T0 - 86_400_000},"C":{T0 + number},"F":1,"L":{number},"n":{number}}}'
    ).encode()


def diff(symbol: str, number: int) -> bytes:
    return (
        f'{{"e":"depthUpdate","E":{T0 + number},"s":"{symbol}","U":{number},"u":{number}'
        f',"b":[["100.25","{number % 9 + 1}.00000"]],"a":[["100.26","2.00000"]]}}'
    ).encode()


def mini_ticker(symbol: str, number: int) -> bytes:
    return (
        f'{{"e":"24hrMiniTicker","E":{T0 + number},"s":"{symbol}","c":"100.25","o":"99.00"'
        f',"h":"101.00","l":"98.00","v":"1000.00000","q":"100250.00"}}'
    ).encode()


def snapshot(last: int) -> bytes:
    return (
        f'{{"lastUpdateId":{last},"bids":[["100.25","1.00000"]],"asks":[["100.26","2.00000"]]}}'
    ).encode()


def candle(symbol: str, number: int, is_closed: bool) -> bytes:
    """The candle of the minute with this number."""
    opened, closed = T0 + 60_000 * number, T0 + 60_000 * (number + 1) - 1
    return (
        f'{{"e":"kline","E":{opened + 500},"s":"{symbol}","k":{{"t":{opened},"T":{closed}'
        f',"s":"{symbol}","i":"1m","f":1,"L":9,"o":"99.00","c":"100.25","h":"101.00","l":"98.00"'
        f',"v":"10.00000","n":9,"x":{"true" if is_closed else "false"},"q":"1000.00","V":"5.00000"'
        f',"Q":"500.00","B":"0"}}}}'
    ).encode()
