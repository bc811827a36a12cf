"""A call that shows a record says whose, after its pop; one that shows nobody says nothing."""

from __future__ import annotations

from crmdesk.models.types import CustomerId
from tests.services.test_call_desk import SWITCHBOARD, WANG, Scene, scene

__all__ = ["scene"]


def test_whose_record_a_call_shows_is_told_after_the_pop(scene: Scene) -> None:
    told: list[tuple[CustomerId, str, int]] = []
    scene.desk.on_viewed(lambda customer, why: told.append((customer, why, len(scene.pops))))
    scene.ring("1.1", WANG)
    scene.end("1.1", "missed")
    assert told == [(scene.id_of("王建国"), "call", 1)]


def test_nobody_is_told_until_somebody_is_chosen(scene: Scene) -> None:
    told: list[tuple[CustomerId, str]] = []
    scene.desk.on_viewed(lambda customer, why: told.append((customer, why)))
    pop = scene.ring("1.1", SWITCHBOARD)
    assert pop.customer is None
    assert told == []
    scene.desk.with_customer(pop, scene.id_of("东方物流"))
    assert told == [(scene.id_of("东方物流"), "call")]
