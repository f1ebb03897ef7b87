"""The papers: readable, complete for what is cited, with known fields only."""

import tomllib
from pathlib import Path

import lab
from lab.engine.registry import catalogue

PAPERS = tomllib.loads((Path(lab.__file__).parent / "papers.toml").read_text("utf-8"))


def test_every_paper_has_a_title_and_only_known_fields():
    for slug, paper in PAPERS.items():
        assert slug == slug.lower()
        assert set(paper) <= {"title", "authors", "year", "link"}, slug
        assert paper["title"].strip() == paper["title"] != ""
        assert paper.get("link", "https://").startswith("https://")


def test_every_cited_paper_is_known():
    cited = {(entry.name, slug) for entry in catalogue() for slug in entry.card.papers}
    assert {pair for pair in cited if pair[1] not in PAPERS} == set()


def test_experiments_without_a_paper_claim_for_themselves():
    own = [e for e in catalogue() if e.source.startswith("lab.") and not e.card.papers]
    sources = {(e.name, claim.source) for e in own for claim in e.claims}
    assert {pair for pair in sources if not pair[1].startswith("desk")} == set()
