"""listen_hostile.py -- clients that mean no good to shmstat --listen.

	python3 listen_hostile.py PORT WHAT

WHAT is one of the functions below.  Each prints what became of it, and keeps
what it opened until its standard input ends.
"""
import resource
import select
import socket
import sys
import time

PORT = int(sys.argv[1])
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def connect():
    s = socket.create_connection(("127.0.0.1", PORT), 20)
    return s


def send(s, data):
    """False once the other side has had enough."""
    try:
        s.sendall(data)
        return True
    except (BrokenPipeError, ConnectionResetError):
        return False


def is_closed(s):
    """Within half a minute, whatever else is said before."""
    s.settimeout(30)
    try:
        while s.recv(65536):
            pass
        return True
    except ConnectionResetError:
        return True
    except socket.timeout:
        return False


def crowd():
    """10,000 that connect, and say nothing."""
    held, most = [], min(10000, hard - 100)
    for _ in range(10000):
        held.append(connect())
        if len(held) > most:
            held.pop(0).close()
    return held, "10000 connected"


def loris():
    """600 that send a header a byte at a time."""
    held = [connect() for _ in range(600)]
    for s in held:
        send(s, b"GET /metrics HTTP/1.1\r\nX-Slow: ")
    # those that are still there, until they are told to go
    end, alive = time.time() + 40, held
    while alive and time.time() < end:
        alive = [s for s in alive if send(s, b"x")]
        time.sleep(0.2)
    return held, "%d left" % len(alive)


def endless(what):
    """One that sends without an end."""
    s = connect()
    s.settimeout(20)
    send(s, what)
    sent = 0
    while sent < 64 << 20 and send(s, b"x" * 65536):
        sent += 65536
    return [s], "ended" if sent < 64 << 20 else "took it all"


def endless_header():
    return endless(b"GET /metrics HTTP/1.1\r\nX-Long: ")


def endless_line():
    return endless(b"GET /")


def endless_headers():
    s = connect()
    s.settimeout(20)
    send(s, b"GET /metrics HTTP/1.1\r\n")
    sent = 0
    while sent < 64 << 20 and send(s, b"X-Many: x\r\n" * 6000):
        sent += 66000
    return [s], "ended" if sent < 64 << 20 else "took it all"


def endless_body():
    return endless(b"POST /metrics HTTP/1.1\r\nHost: x\r\n"
                   b"Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n")


def readers(path=b"/stats.json"):
    """100 that ask for much, and take nothing of it."""
    held = []
    for _ in range(100):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", PORT))
        send(s, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        held.append(s)
    return held, "100 asked"


def talkers():
    """20 that ask, take nothing, and talk on meanwhile."""
    held, _ = readers()
    held = held[:20]
    for s in held:
        s.setblocking(False)
    sent, end = 0, time.time() + 2
    while time.time() < end:
        _, ready, _ = select.select([], held, [], 0.1)
        for s in ready:
            try:
                sent += s.send(b"GET /health HTTP/1.1\r\n\r\n" * 2000)
            except OSError:
                held.remove(s)
    return held, "talked"


def pipeline():
    """Many requests at once are answered, each of them."""
    s = connect()
    n = 300
    send(s, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * n)
    s.settimeout(20)
    got = b""
    while got.count(b"HTTP/1.1 ") < n:
        more = s.recv(65536)
        if not more:
            break
        got += more
    return [s], "%d answers" % got.count(b"HTTP/1.1 200 OK")


def nonsense():
    """Bytes that are no HTTP, and what is none of ours."""
    closed = 0
    for data in (b"\x00" * 100 + b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
                 b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 1000,
                 b"GET http://[::1/ HTTP/1.1\r\n\r\n",
                 b"CONNECT / HTTP/1.1\r\n\r\n", b"* * *\r\n\r\n",
                 b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                 b"POST / HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n",
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
        s = connect()
        send(s, data)
        s.shutdown(socket.SHUT_WR)
        closed += is_closed(s)
        s.close()
    return [], "%d of 11 closed" % closed


kept, said = globals()[sys.argv[2]]()
print(said, flush=True)
sys.stdin.read()
