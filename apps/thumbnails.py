"""Small pictures for the gallery: /thumbnails?names=A,B."""

from lab.ui.gallery.pages import thumbnails

thumbnails()
