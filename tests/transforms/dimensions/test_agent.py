"""User agents are classified correctly, and no text is ever copied out of them."""

from __future__ import annotations

import re

import crawleruseragents
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.logs import CHROME, FIREFOX, GOOGLEBOT, IPHONE
from transforms.dimensions import agent as agents
from transforms.dimensions import known_dimensions
from transforms.dimensions.agent import bot_name, describe_agent

IPAD = IPHONE.replace("iPhone; CPU iPhone OS", "iPad; CPU OS")
GPTBOT = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)"
ARCHIVE = "archive.org_bot"
PIXEL = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (CHROME, ("human", "Desktop", "Windows", "Chrome")),
        (FIREFOX, ("human", "Desktop", "Linux", "Firefox")),
        (IPHONE, ("human", "Mobile", "iOS", "Mobile Safari")),
        (IPAD, ("human", "Tablet", "iOS", "Mobile Safari")),
        (PIXEL, ("human", "Mobile", "Android", "Chrome Mobile")),
        (None, ("unknown", "(unknown)", "(unknown)", "(unknown)")),
        ("-", ("bot", "Bot", "(none)", "(none)")),
        ("", ("bot", "Bot", "(none)", "(none)")),
    ],
)
def test_device_system_and_browser(agent, expected):
    found = describe_agent(agent)
    assert (found.traffic, found.device, found.operating_system, found.browser) == expected


@pytest.mark.parametrize(
    ("agent", "traffic", "kind", "name"),
    [
        (GOOGLEBOT, "crawler", "search-engine", "Googlebot"),
        (GPTBOT, "crawler", "ai-crawler", "GPTBot"),
        ("sistrix crawler/1.0", "crawler", "seo", "sistrix crawler"),
        ("Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)", "crawler", "archiver", ARCHIVE),
        ("curl/8.5.0", "bot", "http-library", "curl"),
        ("facebookexternalhit/1.1", "bot", "social-preview", "facebookexternalhit"),
        ("JaneDoeBot/1.0", "bot", "unlisted", "Other"),
        ("", "bot", "no-agent", "(none)"),
        (CHROME, "human", "(none)", "(none)"),
    ],
)
def test_robots(agent, traffic, kind, name):
    found = describe_agent(agent)
    assert (found.traffic, found.bot_kind, found.bot) == (traffic, kind, name)


def test_every_listed_robot_is_one_named_by_the_first_pattern_that_it_matches():
    listed = crawleruseragents.CRAWLER_USER_AGENTS_DATA
    patterns = [re.compile(entry["pattern"]) for entry in listed]
    for entry in listed:
        assert bot_name(entry["pattern"]) != agents.UNLISTED, entry["pattern"]
        for agent in entry["instances"]:
            first = next(number for number, pattern in enumerate(patterns) if pattern.search(agent))
            kind = (listed[first]["tags"] or ["other"])[0]
            traffic = "crawler" if kind in agents.CRAWLER_TAGS else "bot"
            found = describe_agent(agent)
            assert (found.traffic, found.bot_kind, found.bot) == (traffic, kind, bot_name(listed[first]["pattern"])), agent


def test_every_tag_of_the_list_is_known_to_name_machines_of_organisations_or_others():
    """A tag that a later list adds is a robot's of somebody, until it is added to one side here."""
    listed = crawleruseragents.CRAWLER_USER_AGENTS_DATA
    assert {tag for entry in listed for tag in entry["tags"]} == {*agents.CRAWLER_TAGS, *agents.OTHER_TAGS}
    # Which kinds a robot can be of decides when `(other)` may be published beside named ones.
    kinds = {(entry["tags"] or ["other"])[0] for entry in listed}
    assert kinds == {*agents.CRAWLER_TAGS, *agents.OTHER_TAGS}


def test_only_names_of_robots_name_machines():
    assert {name for name, each in known_dimensions().items() if each.names_machines} == {"bot_kind", "bot"}


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (r"Googlebot\/", "Googlebot"),
        (r"Mail\.RU_Bot", "Mail.RU_Bot"),
        ("[wW]get", "wget"),
        ("Ahrefs(Bot|SiteAudit)", "AhrefsBot"),
        ("AdsBot-Google([^-]|$)", "AdsBot-Google"),
        ("Automaton|Newsify Feed Fetcher", "Automaton"),
        (r"ContextualBot[\s\S]*outcomes\.net", "ContextualBot outcomes.net"),
        (r"BlogTraffic\/\d\.\d+ Feed-Fetcher", "BlogTraffic Feed-Fetcher"),
        ("bot", "bot"),
        (r"\/\/", "Other"),
    ],
)
def test_the_name_in_a_pattern(pattern, name):
    assert bot_name(pattern) == name


def test_names_that_analysts_expect_are_shipped():
    browsers = {"Chrome", "Chromium", "Firefox", "Safari", "Mobile Safari", "Edge", "Opera", "Samsung Internet", "IE"}
    systems = {"Windows", "Mac OS X", "iOS", "Android", "Linux", "Ubuntu", "Chrome OS"}
    assert browsers <= agents._names("browsers.txt")
    assert systems <= agents._names("operating_systems.txt")


def test_a_name_that_somebody_made_up_is_not_published():
    for agent in ("JaneDoeCrawler/1.0", "JaneDoeBrowser/1.0 CFNetwork/1.0", "Mozilla/5.0 (JaneDoe) JaneDoe/2.0 Mobile"):
        assert "JaneDoe" not in repr(describe_agent(agent))


WORDS = st.sampled_from(
    ["Mozilla/5.0", "(", ")", "Chrome/12", "bot", "crawler", "+http://", "CFNetwork/1", "Android", ";", "HbbTV/1.1.1"]
)
AGENTS = st.one_of(st.text(max_size=60), st.lists(st.one_of(WORDS, st.text(max_size=8)), max_size=8).map(" ".join))


@given(AGENTS)
def test_only_shipped_names_are_ever_published(agent):
    found = describe_agent(agent)
    kept = ("Other", "(none)")
    assert found.browser in kept or found.browser in agents._names("browsers.txt")
    assert found.operating_system in kept or found.operating_system in agents._names("operating_systems.txt")
    names = {bot_name(entry["pattern"]) for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA}
    assert found.bot in kept or found.bot in names
    assert (found.traffic in ("bot", "crawler")) >= crawleruseragents.is_crawler(agent)
