"""The file name extensions of pages, static files and downloads (lower case, without the dot)."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PAGES = _words(
    """
    html htm xhtml shtml php asp aspx jsp do cgi
    """
)
"""What a server computes or a person reads; a path without extension is a page too."""

STATIC = _words(
    """
    css js mjs map json xml txt webmanifest wasm rss atom xsl png jpg jpeg gif webp avif svg ico bmp cur apng heic jxl
    woff woff2 ttf otf eot
    """
)
"""What a page loads by itself."""

DOWNLOADS = _words(
    """
    pdf epub mobi doc docx odt rtf xls xlsx ods csv tsv ppt pptx odp ps tex bib zip gz tgz bz2 tbz xz txz zst 7z rar tar
    jar war whl gem deb rpm apk ipa dmg pkg exe msi iso img bin torrent mp3 ogg oga opus flac wav m4a aac mp4 m4v mkv
    webm mov avi wmv mpg mpeg ogv parquet sqlite
    """
)
"""What a person asks for to keep."""
