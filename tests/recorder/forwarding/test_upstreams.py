"""Which upstream answers, and which of its paths are its own."""

import pytest

from opentrail.recorder.forwarding.upstreams import ServiceClaimedTwice, Upstream, Upstreams, moto

S3 = Upstream("s3", "http://127.0.0.1:1", frozenset({"s3", "s3control"}))
REST = moto("rest", "http://127.0.0.1:2")


def test_the_one_that_claims_a_service_answers_else_the_one_that_takes_all() -> None:
    both = Upstreams([REST, S3])
    assert both.for_service("s3control") is S3
    assert both.for_service("sqs") is REST
    assert both.for_service(None) is REST
    assert Upstreams([S3]).for_service("sqs") is None


def test_a_service_is_claimed_once() -> None:
    with pytest.raises(ServiceClaimedTwice, match="s3 is claimed by s3 and by other"):
        Upstreams([S3, Upstream("other", "http://127.0.0.1:3", frozenset({"s3"}))])


@pytest.mark.parametrize(
    "path", ["/moto-api/reset", "/%6doto-api/reset", "//moto-api/data.json", "/latest/meta-data/x"]
)
def test_moto_hides_its_own_doors(path: str) -> None:
    assert REST.hides(path) and not S3.hides(path)


@pytest.mark.parametrize("path", ["/", "/queue/moto-api", "/latest", "/2015-03-31/functions"])
def test_moto_shows_what_belongs_to_services(path: str) -> None:
    assert not REST.hides(path)


def test_secrets_are_not_shown() -> None:
    shown = repr(Upstream("s3", "http://127.0.0.1:1", frozenset({"s3"}), "resign", "key", "very-secret"))
    assert "very-secret" not in shown
