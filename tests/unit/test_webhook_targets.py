"""The URLs that a webhook may have."""

from ipaddress import ip_address

import pytest

from shared.errors import InvalidInputError
from shared.settings import Settings
from shared.webhooks.addresses import may_be_reached
from shared.webhooks.target import check_url, parse_target

PRODUCTION = Settings(spooled_env="production", secret_key="a-secret-of-production")
DEVELOPMENT = Settings(spooled_env="development")
PUBLIC = [
    "https://hooks.example.com",
    "https://hooks.example.com:8443/in?a=1#part",
    "HTTPS://Hooks.Example.Com/in",
    "https://xn--bcher-kva.example/",
    "https://a_b.example.com./in",
    "https://93.184.216.34/in",
    "https://[2606:2800:220:1:248:1893:25c8:1946]/in",
]
LOCAL = [
    "http://hooks.example.com/in",
    "http://localhost:3000/in",
    "https://localhost/in",
    "http://127.0.0.1:3000",
    "http://127.8.9.1",
    "https://127.0.0.1./",
    "http://[::1]:3000/in",
]
NEVER = [
    "",
    "hooks.example.com",
    "//hooks.example.com/in",
    "ftp://hooks.example.com",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://",
    "https:///in",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com:port/",
    "https://user:password@hooks.example.com/",
    "https://hooks.example.com@169.254.169.254/",
    "https://hooks.example.com\\@10.0.0.1/",
    "https://hooks.example.com /in",
    "https://hooks.example.com/\r\nHost: other",
    "https://b\u00fccher.example/",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://hooks..example.com/",
    "https://-hooks.example.com/",
    "https://%31%32%37.0.0.1/",
    "https://printer/",
    "https://printer.local/",
    "https://PRINTER.LOCAL./",
    "https://metadata.google.internal/",
    "https://db.corp/",
    "https://x.localhost/",
    "https://router.lan/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.100.100.200/",
    "https://168.63.129.16/",
    "https://192.0.0.192/",
    "https://0.0.0.0/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://198.18.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://0x7f.1/",
    "https://017700000001/",
    "https://0/",
    "https://0.1.2.3/",
    "https://100.64.0.1/",
    "https://100.127.255.254/",
    "https://192.88.99.1/",
    "https://198.19.255.255/",
    "https://239.255.255.250/",
    "https://240.0.0.1/",
    "https://169.254.169.254.:443/",
    "https://127\u30020\uff0e0\uff611/",
    "https://localhost.localdomain/",
    "https://metadata/",
    "https://1.2.3.4.5/",
    "https://3232235521/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[64:ff9b:1::1]/",
    "https://[2002:7f00:1::1]/",
    "https://[2002:a9fe:a9fe::1]/",
    "https://[2001:0:7f00:1::1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[::ffff:0:127.0.0.1]/",
    "https://[0:0:0:0:0:ffff:7f00:1]/",
    "https://[100::1]/",
    "https://[5f00::1]/",
    "https://[3fff::1]/",
    "https://[fd12:3456:789a::1]/",
    "https://[2001:db8::1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[2606:4700::1111%25eth0]/",
    "https://[::1%25lo]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[v1.fe80]/",
    "https://[127.0.0.1]/",
    "https://[::1/",
    "https://" + "a" * 64 + ".example.com/",
    "https://hooks.example.com/" + "a" * 2048,
]


@pytest.mark.parametrize("url", PUBLIC)
@pytest.mark.parametrize("settings", [PRODUCTION, DEVELOPMENT])
def test_a_public_https_url_is_good_everywhere(settings: Settings, url: str) -> None:
    """Names and addresses of the open internet are allowed, on any port."""
    check_url(settings, url)


@pytest.mark.parametrize("url", LOCAL)
def test_development_allows_http_and_this_machine(url: str) -> None:
    """What one tries on a laptop is refused in production, in the words that clients look for."""
    check_url(DEVELOPMENT, url)

    with pytest.raises(InvalidInputError, match=r"HTTP not allowed|Invalid webhook URL"):
        check_url(PRODUCTION, url)


@pytest.mark.parametrize("url", NEVER)
@pytest.mark.parametrize("settings", [PRODUCTION, DEVELOPMENT])
def test_what_is_no_public_url_is_refused_everywhere(settings: Settings, url: str) -> None:
    """Private, reserved and disguised addresses, private names and broken URLs are refused."""
    with pytest.raises(InvalidInputError, match="Invalid webhook URL"):
        check_url(settings, url)


@pytest.mark.parametrize("url", NEVER[:8])
def test_the_refusal_names_the_field(url: str) -> None:
    """The caller says which of its fields held the URL."""
    with pytest.raises(InvalidInputError) as refused:
        check_url(PRODUCTION, url, field="completion_webhook")

    assert isinstance(refused.value.details, list)
    assert refused.value.details[0]["field"] == "completion_webhook"
    assert refused.value.status == 400


def test_the_parts_of_a_url_are_those_of_the_request() -> None:
    """Host in lower case without the last dot, the port of the scheme, no fragment."""
    target = parse_target("https://Hooks.Example.com./in?a=1#part", development=False)

    assert (target.host, target.port, target.path) == ("hooks.example.com", 443, "/in?a=1")
    assert target.authority == "hooks.example.com"
    assert parse_target("https://hooks.example.com#@10.0.0.1:80/", development=False) == parse_target(
        "https://hooks.example.com/", development=True
    )
    assert parse_target("http://[::1]:81", development=True).authority == "[::1]:81"


LOOKED_UP = [
    *("8.8.8.8", "2606:4700::1111", "fe80::1%eth0", "10.1.2.3", "::ffff:8.8.8.8", "::ffff:127.0.0.1"),
    *("0.0.0.0", "100.64.0.1", "169.254.169.254", "255.255.255.255", "224.0.0.1", "fd00:ec2::254"),
    *("2002:7f00:1::", "64:ff9b::a9fe:a9fe", "2001::1", "fc00::1", "ff02::1", "::", "100::1"),
]


@pytest.mark.parametrize("text", LOOKED_UP)
def test_addresses_of_a_look_up_are_judged_alike(text: str) -> None:
    """An address that a name leads to has to be public too."""
    assert may_be_reached(ip_address(text), development=True) is (text in {"8.8.8.8", "2606:4700::1111"})
