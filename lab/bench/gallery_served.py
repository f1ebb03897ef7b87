"""The gallery over a registry that is made up: `python -m lab.bench.gallery_served COUNT`.

Prints its address and serves until it is ended.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace

import panel as pn

from lab.bench import gallery_factory as factory
from lab.ui.gallery import pages, thumbnails
from lab.ui.serve import free_port


def main() -> None:
    """Serves; LAB_HOME should be a folder to throw away."""
    made = factory.entries(int(sys.argv[1]), broken=2)
    factory.thumbnails(thumbnails.own_folder(), [e for e in made if not e.broken])
    pages.catalogue = lambda: made
    pages.verdicts = lambda: SimpleNamespace(
        worst=factory.verdict_of, as_announced=factory.as_announced
    )
    pages.titles = lambda: factory.titles(made)
    port = free_port(0)
    routes = {"/": pages.gallery, "all": pages.every, "thumbnails": pages.thumbnails}
    server = pn.serve(
        routes, port=port, address="127.0.0.1", show=False, start=False, verbose=False,
        threaded=False, websocket_origin=[f"127.0.0.1:{port}"],
    )  # fmt: skip
    print(f"http://127.0.0.1:{port}", flush=True)
    server.io_loop.start()


if __name__ == "__main__":
    main()
