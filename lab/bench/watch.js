// For the bench: when a step was painted, seen from inside the page and without its help.
//
// Painted means that the frame in which the canvases were drawn has ended and that nothing was
// drawn in the next one. Times are milliseconds of the wall clock, as the server's diary has them.
(() => {
  const GIVE_UP = 1000; // ms without anything drawn
  const bench = { shown: [], heard: null, sought: null, updated: null, told: 0 };
  window.bench = bench;

  let draws = 0;
  const pen = CanvasRenderingContext2D.prototype;
  for (const name of ["stroke", "fill", "fillRect", "fillText", "putImageData", "drawImage"]) {
    const was = pen[name];
    pen[name] = function (...all) {
      draws++;
      return was.apply(this, all);
    };
  }
  window.WebSocket = class extends WebSocket {
    constructor(...all) {
      super(...all);
      this.addEventListener("message", ({ data }) => {
        const numbers = typeof data !== "string"; // they follow the text that speaks of them
        if (numbers ? bench.told : /\["kind","(?!theme)/.test(data)) bench.told = wall();
        if (numbers) return;
        if (bench.sought && data.includes('"sought"')) bench.sought();
        if (bench.updated && data.includes('"seen"')) bench.updated();
      });
    }
  };

  const wall = () => performance.timeOrigin + performance.now();
  const channel = new MessageChannel(), after = [];
  channel.port1.onmessage = () => after.splice(0).forEach((then) => then());

  // Calls `each` when a frame has ended, with whether it drew and when it began, until it is true.
  const frames = (each) => {
    let seen = draws;
    const frame = () => {
      const begin = wall();
      after.push(() => {
        const drawn = draws !== seen;
        seen = draws;
        if (!each(drawn, begin)) requestAnimationFrame(frame);
      });
      channel.port2.postMessage(0);
    };
    requestAnimationFrame(frame);
  };

  // Follows the frames from now on. `first` and `painted`: when the first and the last of those
  // that draw had ended, null when none did; `next`: when the one after the last began.
  const follow = ({ stop = () => false, empty = GIVE_UP } = {}) => new Promise((done) => {
    const start = wall();
    let first = null, painted = null, stopped = false;
    frames((drawn, next) => {
      const now = wall();
      if (!stopped && drawn) { first ??= now; painted = now; }
      const over = stopped || (!drawn && (painted !== null || now - start > empty));
      if (over) done({ first, painted, next });
      stopped = stop();
      return over;
    });
  });

  const one = bench.one = (selector, root = document) => {
    const hit = root.querySelector(selector);
    if (hit) return hit;
    for (const node of root.querySelectorAll("*")) {
      const inner = node.shadowRoot && one(selector, node.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  bench.status = () => one(".status")?.textContent.trim() || "";
  bench.head = () => Number(one(".seek").getAttribute("aria-valuemax"));
  bench.k = () => Number(one(".seek").getAttribute("aria-valuenow"));
  bench.runs = () => one(".run").dataset.verb === "pause";
  bench.choose = (what, value) => {
    const select = one(`select[data-do="${what}"]`);
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  bench.press = () => one(".run").click();

  // When the document was painted as it came, and when the live page stood with its pictures.
  bench.opened = async () => {
    while (document.getElementById("lab-first") || bench.status() !== "ready")
      await new Promise(requestAnimationFrame);
    const ready = wall(), { painted } = await follow({ empty: 100 });
    const html = performance.getEntriesByType("paint")[0]?.startTime ?? 0;
    return { html: performance.timeOrigin + html, pictures: painted ?? ready };
  };

  // Notes each update of the page from now on, when it was heard of and when it was painted.
  bench.watch = () => {
    let updates = 0;
    bench.updated = async () => {
      const number = ++updates, heard = wall();
      const found = await follow({ stop: () => updates !== number });
      if (found.painted === null) return; // the next one came before it was drawn
      bench.shown.push({ heard, ...found });
      bench.heard?.(found);
    };
  };

  // A click on Run: ms until the first new step is painted.
  bench.click = () => new Promise((done) => {
    const start = wall(), k = bench.k();
    bench.heard = ({ painted }) => {
      if (bench.k() === k || painted < start) return; // what was under way before the click
      bench.heard = null;
      done(painted - start);
    };
    bench.press();
  });

  // The handle dragged from place to place: ms until the cursor is painted there, with all that
  // the page draws by itself, and until what the server has sent for it is, if it has.
  bench.drag = async (times) => {
    const track = one(".seek"), box = track.getBoundingClientRect(), found = [];
    track.setPointerCapture = () => {};
    const at = (type, share) => track.dispatchEvent(new PointerEvent(type, {
      bubbles: true, pointerId: 1, clientY: box.y + 18, clientX: box.x + share * box.width }));
    at("pointerdown", 0.05);
    await pause(300);
    for (let i = 0; i < times; i++) {
      await pause(40 + (i * 7) % 17); // not always at the same moment of a frame
      bench.told = 0;
      let answered = false;
      bench.sought = () => { answered = true; };
      const start = wall(), ends = [], seen = () => ends.find((end) => end > bench.told);
      const painted = new Promise((done) => frames((drawn) => {
        if (drawn) ends.push(wall());
        const over = (answered && seen()) || wall() - start > GIVE_UP;
        if (over) done();
        return over;
      }));
      at("pointermove", 0.05 + 0.4 * (((i + 1) * 37) % times) / times);
      await painted;
      bench.sought = null;
      found.push({ cursor: ends[0] - start, picture: seen() - start, told: bench.told > 0 });
    }
    at("pointerup", 0.05);
    return found;
  };

  // A live slider moved to one value after the other; [when, value] of each.
  bench.slide = async (name, places, gap) => {
    const range = one(`[data-control="${name}"] input[type=range]`), found = [];
    for (const place of places) {
      range.value = String(place);
      const start = wall();
      range.dispatchEvent(new Event("input", { bubbles: true }));
      found.push([start, Number(range.getAttribute("aria-valuetext").split(" ")[0])]);
      await pause(gap);
    }
    range.dispatchEvent(new Event("change", { bubbles: true }));
    return found;
  };
})();
