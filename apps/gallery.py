"""The experiments: `panel serve apps/*.py --index gallery --address 127.0.0.1`."""

from lab.ui.gallery.pages import gallery

gallery()
