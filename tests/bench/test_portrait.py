"""README's picture is there and light enough to carry."""

from pathlib import Path

from lab.bench.portrait import MOST_BYTES

ROOT = Path(__file__).parent.parent.parent


def test_the_picture_of_readme_is_a_light_png():
    picture = ROOT / "apps/explorer.png"
    assert "](apps/explorer.png)" in (ROOT / "README.md").read_text("utf-8")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size <= MOST_BYTES
