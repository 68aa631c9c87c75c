"""Parcels: tickets for data within one process, the data itself elsewhere."""

from __future__ import annotations

import pytest

from pipeline.graph import parcels


def test_elsewhere_the_data_itself_is_handed_on():
    assert parcels.handed_on(b"data") == b"data"
    assert parcels.taken(b"data") == b"data"


def test_here_a_ticket_is_handed_on_and_the_data_is_taken_once():
    data = bytes(1_000_000)
    with parcels.kept_here():
        tickets = [parcels.handed_on(data), parcels.handed_on(b"other")]
        assert max(map(len, tickets)) < 20
        assert parcels.taken(tickets[1]) == b"other"
        assert parcels.taken(tickets[0]) is data
        with pytest.raises(KeyError):
            parcels.taken(tickets[0])
    assert parcels.handed_on(data) is data


def test_what_a_failed_run_left_is_gone():
    with pytest.raises(RuntimeError, match="failed"), parcels.kept_here():
        ticket = parcels.handed_on(b"data")
        raise RuntimeError("failed")
    with parcels.kept_here(), pytest.raises(KeyError):
        parcels.taken(ticket)
