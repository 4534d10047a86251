"""What is wrong with a web ACL is said in one line that names the field and what is allowed."""

import pytest

from models.scenario import load_scenario
from sim.errors import BadInput


@pytest.mark.parametrize(
    ("edge", "says"),
    [
        (
            "web_acl: [{window_s: 90}]",
            r"edge\.web_acl\.0\.window_s: 90 is not allowed; must be one of 60, 120, 300, 600",
        ),
        ("web_acl: [{limit: 9}]", r"edge\.web_acl\.0\.limit: 9 is not allowed; must be .* 10"),
        (
            "web_acl: [{limit: 3000000000}]",
            r"edge\.web_acl\.0\.limit: 3000000000 is not allowed; must be an integer from 10 to 2,000,000,000",
        ),
        ("web_acl: [{look_every_s: 7}]", r"look_every_s: 7 is not allowed; must divide window_s = 300"),
        ("web_acl: [{}, {limit: 20}]", r"edge\.web_acl\.1: a second rate rule is not modelled"),
        ("web_acl: [{key: token}]", r"key: token is not allowed without another rule .* captcha or challenge: nobody"),
        ("web_acl: [{key: token, action: captcha}]", r"key: token is not allowed without another rule .* is challenge"),
        (
            "web_acl: [{key: token, action: challenge}, {kind: geo, action: challenge}]",
            r"key: token is not allowed without another rule .* is captcha",
        ),
        (
            "web_acl: [{window_s: 600, look_every_s: 1}], "
            "bot_kinds: [{name: a, share: 1, recognised: 1, addresses: 100000}]",
            r"edge\.bot_kinds\.0\.addresses: the rate rule would need .* GB .* at most 4 GB",
        ),
        ("captcha: {challenge_immunity_s: 60}", r"challenge_immunity_s: 60 is not allowed; must be .* 300"),
        ("web_acl: [{kind: size}]", r"edge\.web_acl\.0.*size.*(rate|bot_control|geo)"),
        (
            "addresses: {carrier_nat: {subscribers: 900000}}",
            r"carrier_nat\.subscribers: 900,000 are more than there are people: 3,000 take part",
        ),
        ("addresses: {office: {share: 0.5}}", r"edge\.addresses: .* shares of 1\.2 together; at most 1"),
        ("addresses: {office: {share: 1.5}}", r"edge\.addresses\.office\.share: 1\.5 is not allowed"),
        (
            "bot_kinds: [{name: a, share: 0.5, recognised: 1}]",
            r"edge\.bot_kinds: the shares sum to 0\.5; they must sum to 1",
        ),
        (
            "bot_kinds: [{name: a, share: 0.5, recognised: 1}, {name: a, share: 0.5, recognised: 1}]",
            r"edge\.bot_kinds: a stands there twice",
        ),
        ("captcha: {immunity_s: 30}", r"edge\.captcha\.immunity_s: 30 is not allowed; must be .* 60"),
    ],
)
def test_a_contradiction_is_one_line(edge, says):
    with pytest.raises(BadInput, match=says) as refused:
        load_scenario("onsale-small", (f"edge={{{edge}}}",))
    assert "\n" not in str(refused.value)


def test_a_generated_load_has_no_addresses():
    with pytest.raises(BadInput, match=r"edge: a load that is generated \(open_loop\) comes from no address"):
        load_scenario("ladder-index", ("edge={}",))
