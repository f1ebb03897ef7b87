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


def test_experiments_of_the_package_cite_a_paper():
    own = [e for e in catalogue() if e.source.startswith("lab.")]
    # An experiment of our own making (a method older than its papers) says so in its tags.
    assert [e.name for e in own if not e.card.papers and "classic" not in e.card.tags] == []
