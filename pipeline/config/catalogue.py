"""Takes nothing, gives the reports that the job can publish, as data: one entry a report, with the parent that it divides.

To add a report, add an entry. Its dimension must be a column of `transforms.schema.HIT` or `transforms.schema.VISITOR`.
"""

from __future__ import annotations

from transforms.privacy.differential.policy import BOUNDS
from transforms.reports.report import Catalogue, Report

REPORTS = Catalogue(
    [
        Report("daily", "Traffic of a site by day: the stratum that every other report divides"),
        Report("hourly", "Traffic by hour of the day", ("hour",), "daily"),
        Report("kinds", "Traffic by kind of response", ("kind",), "daily"),
        Report("status_codes", "Responses by HTTP status code", ("status",), "kinds"),
        Report("pages", "Pages", ("path",), "kinds", where=("kind", "page")),
        Report("not_found", "Requests that found nothing", ("path",), "kinds", where=("kind", "not_found")),
        Report("downloads", "Downloaded files", ("path",), "kinds", where=("kind", "download")),
        Report("file_types", "Static files by type", ("file_type",), "kinds", where=("kind", "static")),
        Report("entry_pages", "Pages with which visits begin, and the same pages later in visits", ("entry",), "pages"),
        # Beside kinds, and not below them, these would give small rows away: an invalid request is a kind and has no method.
        Report("methods", "Traffic by HTTP method", ("method",), "kinds"),
        Report("protocols", "Traffic by HTTP version", ("protocol",), "kinds"),
        Report("visit_durations", "Visits by duration, with all their hits", ("visit_duration",), "daily"),
        Report("visit_depths", "Visits by pages seen, with all their hits", ("visit_depth",), "daily"),
        Report("channels", "Where hits came from, by channel", ("channel",), "daily"),
        Report("sources", "Referring domains", ("source",), "channels"),
        Report("countries", "Countries", ("country",), "daily"),
        Report("networks", "Networks", ("network",), "countries"),
        # Of people only: a robot without an agent is a kind of robot and has no system.
        Report("devices", "Device classes of people", ("device",), "daily", where=("traffic", "human")),
        Report("operating_systems", "Operating systems", ("operating_system",), "devices"),
        Report("browsers", "Browsers", ("browser",), "operating_systems"),
        Report("bot_kinds", "Kinds of bots", ("bot_kind",), "daily", where=("traffic", "bot")),
        Report("bots", "Bots", ("bot",), "bot_kinds"),
    ]
)

NOISY_REPORTS = Catalogue(report for report in REPORTS if report.name in BOUNDS)
"""Those of the dp mode."""
