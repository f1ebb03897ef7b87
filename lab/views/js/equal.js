// One unit is as long across as up, and the box is in the frame.
once(figure, {figure, box}, (desk) => {
  const {figure, box} = desk.args, room = sizes(figure);
  if (!room) return;
  const {W, H} = room, b = box.data, x0 = b.x0[0], x1 = b.x1[0], y0 = b.y0[0], y1 = b.y1[0];
  const tell = [x0, x1, y0, y1, W, H].join();
  if (desk.box == tell) return;   // a person's zoom stays until the box grows
  desk.box = tell;
  const unit = Math.max((x1 - x0) / W, (y1 - y0) / H), cx = (x0 + x1) / 2, cy = (y0 + y1) / 2;
  figure.x_range.setv({start: cx - unit * W / 2, end: cx + unit * W / 2});
  figure.y_range.setv({start: cy - unit * H / 2, end: cy + unit * H / 2});
});
