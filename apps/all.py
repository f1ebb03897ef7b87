"""Every experiment from A to Z: /all."""

from lab.ui.gallery.pages import every

every()
