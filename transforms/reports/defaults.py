"""The reports that a job publishes unless its configuration says otherwise, each with the parent that it divides."""

from __future__ import annotations

from transforms.dimensions.agent import BOT, BOT_KIND, BROWSER, DEVICE, OPERATING_SYSTEM
from transforms.dimensions.place import COUNTRY, NETWORK
from transforms.dimensions.referrer import CHANNEL, SOURCE
from transforms.dimensions.request import FILE_TYPE, KIND, METHOD, PATH, PROTOCOL, SECTION, STATUS
from transforms.dimensions.timing import DAY_PART, HOUR
from transforms.reports.report import Catalogue, Report


def default_catalogue() -> Catalogue:
    """The default reports."""
    return Catalogue(
        [
            Report("daily", "Traffic of a site by day: the stratum that every other report divides"),
            Report("day_parts", "Traffic by part of the day", DAY_PART, "daily"),
            Report("hourly", "Traffic by hour of the day", HOUR, "day_parts"),
            Report("kinds", "Traffic by kind of response", KIND, "daily"),
            Report("status_codes", "Responses by HTTP status code", STATUS, "kinds"),
            Report("sections", "Sections of the site, by the first part of the path", SECTION, "kinds"),
            Report("pages", "Pages", PATH, "sections", where=("kind", "page")),
            Report("not_found", "Requests that found nothing", PATH, "sections", where=("kind", "not_found")),
            Report("downloads", "Downloaded files", PATH, "sections", where=("kind", "download")),
            Report("error_pages", "Requests that failed, by path", PATH, "sections", where=("kind", "error")),
            Report("file_types", "Static files by type", FILE_TYPE, "sections", where=("kind", "static")),
            # Beside kinds, and not below them, these would give small rows away: an invalid request is a kind and has no method.
            Report("methods", "Traffic by HTTP method", METHOD, "status_codes"),
            Report("protocols", "Traffic by HTTP version", PROTOCOL, "kinds"),
            Report("channels", "Where hits came from, by channel", CHANNEL, "daily"),
            Report("sources", "Referring domains", SOURCE, "channels"),
            Report("countries", "Countries", COUNTRY, "daily"),
            Report("networks", "Networks", NETWORK, "countries"),
            # Of people only: a robot without an agent is a kind of robot and has no system.
            Report("devices", "Device classes of people", DEVICE, "daily", where=("traffic", "human")),
            Report("operating_systems", "Operating systems", OPERATING_SYSTEM, "devices"),
            Report("browsers", "Browsers", BROWSER, "operating_systems"),
            Report("bot_kinds", "Kinds of robots", BOT_KIND, "daily", where=("traffic", "bot", "crawler")),
            Report("bots", "Robots", BOT, "bot_kinds"),
        ]
    )
