"""What nobody should send, by the place where it would stand in a request."""

PARTS = [
    "..",
    "%2e%2e",
    "%00",
    "a%00b",
    "%2f",
    "..%2f..",
    "%5c",
    "a" * 10_000,
    "%ff%fe",
    "%ED%A0%80",
    "%",
    "%zz",
    " ",
]
PARTS += ["%0d%0aX: y", ";", "a;b=c", "@", "*", "~", "'%20OR%201=1--", "%25", "😀", "job_0000000000000"]
PARTS += [
    "job_zzzzzzzzzzzzz",
    "job_7zzzzzzzzzzzz",
    "org_7zzzzzzzzzzzz",
    "sched_1k8x5q2m4c00",
    "0",
    "-1",
    "null",
]
TEXTS = ["", "\x00", "%", "_", "%_" * 500, "*" * 1_000, "\\", "'", '"', "(" * 5_000, "(a+)+$", "\ud7ff\ue000"]
TEXTS += [
    "a" * 20_000,
    "😀" * 5_000,
    "\u202e",
    "job_7zzzzzzzzzzzz",
    "Mars/Olympus",
    "../../etc/passwd",
    "1e400",
]
TEXTS += ["0000-00-00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z"]
TEXTS += [
    "2030-01-01T00:00:00+99:99",
    "292277026596-12-04T15:30:07Z",
    "-1",
    "9" * 4_000,
    "NaN",
    "nan",
    "-0",
    "٣",
]
TEXTS += ["0 0 30 2 *", "*/1000000000 * * * *", ",".join(["0"] * 120) + " * * * *", "* * * * * *", "@reboot"]
TEXTS += [
    "http://[::1",
    "https://169.254.169.254/",
    "file:///etc/passwd",
    "https://a@b:99999/",
    "https://" + "a" * 300,
]
JSON = [
    "1e400",
    "-1e400",
    "9" * 4_200,
    "9" * 10_000,
    "-0",
    "-0.0",
    "1e-400",
    str(2**63),
    str(-(2**63) - 1),
    str(2**64),
]
JSON += [
    "[" * 100_000,
    '{"a":' * 100_000,
    "[" * 128 + "]" * 128,
    "NaN",
    "Infinity",
    "nul",
    "01",
    ".1",
    "1.",
    "+1",
]
JSON += [
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u0000"',
    '"\\x"',
    '"',
    "{",
    "[1,]",
    '{"a":1,}',
    '{"a" 1}',
    "{1:1}",
]
JSON += [
    '{"__proto__":{}}',
    '{"a":1,"a":{"a":[]}}',
    "[" + "{}," * 5_000 + "{}]",
    "[" + "null," * 50_000 + "null]",
]
JSON += ['{"":""}', "true", '""', "[]", "{}", "null", '"' + "a" * 300_000 + '"', '"\\uD83D\\uDE00"']
BYTES = [
    b"\xff\xfe",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xef\xbb\xbf{}",
    b"\x00" * 100,
    b"\x80",
]
BYTES += [
    b"\x1f\x8b\x08\x00",
    b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
    b"a=1&b=2",
    b"<a/>",
]
TYPES = [
    "",
    "text/plain",
    "application/xml",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
]
TYPES += ["application/x-www-form-urlencoded", "a" * 5_000, "application/json, text/html", "*/*", "\xff"]
HEADERS = [
    "Last-Event-ID",
    "Idempotency-Key",
    "X-Request-Id",
    "traceparent",
    "Accept",
    "Origin",
    "Cookie",
    "Range",
]
HEADERS += [
    "X-Forwarded-For",
    "If-None-Match",
    "Accept-Encoding",
    "X-Webhook-Token",
    "Stripe-Signature",
    "Host",
]
