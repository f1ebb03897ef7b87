"""A Bokeh figure in the house's style: hairlines, few round ticks, no box, no legend."""

from __future__ import annotations

from typing import Any

from bokeh.core.properties import value
from bokeh.models import (
    ColumnDataSource,
    CustomJSTicker,
    CustomJSTickFormatter,
    Range1d,
    ResetTool,
    Text,
    WheelZoomTool,
)
from bokeh.plotting import figure

from lab.views import palette
from lab.views.base import LEFT, RIGHT, js


def still(model):
    """A model whose changes in the browser stay there."""
    model.syncable = False
    return model


def new_range(start: float, end: float) -> Range1d:
    """A range that the browser never sends back."""
    return Range1d(start=start, end=end, syncable=False)


def source(**columns) -> ColumnDataSource:
    """A data source that the browser never sends back."""
    return ColumnDataSource(columns or {}, syncable=False)


def house_figure(
    renderer,
    *,
    x_range: Range1d | None = None,
    y_range: Range1d | None = None,
    x_log: bool = False,
    y_log: bool = False,
    left: int = LEFT,
    right: int = RIGHT,
    top: int = 64,
    bottom: int = 46,
    percent: bool = False,
    whole: bool = False,
    bare: bool = False,
    layout=None,
):
    """An empty figure that fills its cell.

    Parameters
    ----------
    left, right, top, bottom : int
        Borders in px; the title and the captions stand in the top one.
    percent : bool
        The y axis is a share.
    whole : bool
        Ticks of x are whole numbers.
    bare : bool
        No axes and no grid (planes, graphs).
    layout : bokeh.models.CustomJS or None
        Runs in the browser whenever the figure's size has changed.
    """
    fig = figure(
        title=None,  # an empty one is painted too, with each frame
        x_axis_type="log" if x_log else "linear",
        y_axis_type="log" if y_log else "linear",
        x_range=x_range or new_range(0, 1),
        y_range=y_range or new_range(0, 1),
        tools=[],
        toolbar_location=None,
        sizing_mode="stretch_both",
        output_backend="canvas",
        outline_line_color=None,
        min_border_left=left,
        min_border_right=right,
        min_border_top=top,
        min_border_bottom=bottom,
        min_width=120,
        min_height=90,
    )
    for model in (fig, fig.x_range, fig.y_range):
        still(model)
    # the page's stage shows through: Bokeh never clears the outermost pixels of its canvas, and
    # the colour of another theme would stay there
    fig.update(background_fill_color=None, border_fill_color=None)
    renderer.ink(fig, styles="stage")
    zoom, reset = WheelZoomTool(modifiers={"ctrl": True}), ResetTool()
    fig.add_tools(zoom, reset)
    fig.toolbar.active_scroll = zoom
    fig.grid.visible = not bare
    for axis, grid, across, log in (
        (fig.xaxis[0], fig.xgrid[0], True, x_log),
        (fig.yaxis[0], fig.ygrid[0], False, y_log),
    ):
        axis.ticker = CustomJSTicker(
            args={
                "figure": fig,
                "across": across,
                "log": log,
                "whole": whole and across,
                "percent": percent and not across,
                "bare": bare,
                "layout": layout,
            },
            major_code=js("ticks"),
        )
        grid.ticker = axis.ticker
        axis.formatter = CustomJSTickFormatter(
            args={"log": log, "percent": percent and not across},
            code=js("numbers", "tick_text"),
        )
        axis.update(
            major_tick_line_color=None,
            major_tick_out=0,
            minor_tick_out=0,
            minor_tick_line_color=None,
            major_label_text_font=palette.SANS,
            major_label_text_font_size="12px",
            major_label_standoff=8,
        )
        renderer.ink(axis, major_label_text_color="ink3")
        renderer.ink(grid, grid_line_color="grid")
    fig.yaxis[0].axis_line_color = None
    if bare:
        fig.xaxis[0].axis_line_color = None
    else:
        renderer.ink(fig.xaxis[0], axis_line_color="line")
    return fig


def lettering(**options) -> Text:
    """Text in the house's type; a name is a column, everything else a value."""
    fixed: dict[str, Any] = dict(
        text_font=value(palette.SANS), text_font_size="12px", text_baseline="middle"
    )
    fixed.update(options)
    for name in ("text_font_size", "text_font_style", "text_align", "text_baseline"):
        if isinstance(fixed.get(name), str) and fixed[name] not in ("size", "weight", "align"):
            fixed[name] = value(fixed[name])
    return Text(**fixed)


def label_glyphs(renderer) -> tuple[ColumnDataSource, ColumnDataSource]:
    """Sources of the labels (with a halo) and of the words under the x axis."""
    fig = renderer.figure
    labels = source(x=[], y=[], text=[], color=[], size=[], weight=[])
    corner = source(x=[], y=[], text=[])
    places = dict(x="x", y="y", text="text", text_font_size="size", text_font_style="weight")
    halo = fig.add_glyph(labels, lettering(**places, text_outline_width=4), level="overlay")
    renderer.ink(halo.glyph, text_color="stage", text_outline_color="stage")
    fig.add_glyph(labels, lettering(**places, text_color="color"), level="overlay")
    under = lettering(
        x="x", y="y", text="text", y_offset=36, text_align="right", text_baseline="alphabetic"
    )
    renderer.ink(fig.add_glyph(corner, under, level="annotation").glyph, text_color="ink2")
    return labels, corner
