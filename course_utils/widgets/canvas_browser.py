"""The browser part of `course_utils.widgets.canvas`: what is drawn, and what hand and keys do.

It runs in the page, so painting follows the hand while the kernel is busy. The kernel hears of it
through the traits of `Canvas`, and a trait that changes there is drawn here.
"""

from course_utils.widgets.browser import KEEP_KEYS, LOOK

_PICTURE = """
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// The picture and its text. Returns a function that speaks to a screen reader.
function showPicture(model, stage, root) {
  const image = make("img", stage, { decoding: "sync", draggable: false });
  const caption = make("div", root, { className: "caption" });
  const live = make("div", root, { className: "unseen" }, { role: "status" });
  let newest = 0, waiting = null;
  async function swap() {                       // decoded before it is shown: nothing flickers
    const number = ++newest, bytes = model.get("png");
    stage.hidden = !bytes.byteLength;
    if (stage.hidden) return;
    const next = new Image();
    next.src = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
    await next.decode().catch(() => {});
    const old = number === newest ? image.src : next.src;          // else a newer one has come
    if (number === newest) image.src = next.src;
    if (model.get("width")) image.style.width = model.get("width") + "px";
    if (old) URL.revokeObjectURL(old);
  }
  function showText() {
    image.alt = model.get("alt");
    caption.textContent = model.get("caption");
    caption.hidden = !caption.textContent;
  }
  const speak = (text, wait) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { live.textContent = text; }, wait);
  };
  swap();
  showText();
  model.on("change:png", swap);
  model.on("change:alt change:caption", () => {
    showText();
    speak(caption.textContent || image.alt, 500);                  // once a slider rests
  });
  return speak;
}
"""

_PAINT = r"""
// The painted cells, one byte each, drawn on `layer` at once and sent soon after.
function startPainting(model, layer, tools, speak, brushChanged) {
  const rows = model.get("rows"), columns = model.get("columns"), classes = model.get("paint");
  const rgb = classes.map(({ colour }) => colour.match(/\w\w/g).map((x) => parseInt(x, 16)));
  let cells = new Uint8Array(rows * columns), undo = [], sending = null, value = 1;
  const self = { brush: model.get("brush") };

  function draw() {
    const picture = new ImageData(columns, rows);
    cells.forEach((cell, i) => { if (cell) picture.data.set([...rgb[cell - 1], 160], 4 * i); });
    layer.getContext("2d").putImageData(picture, 0, 0);
  }
  function send() {
    clearTimeout(sending);
    sending = null;
    model.set("painted", new DataView(cells.slice().buffer));
    model.save_changes();
  }
  function stamp(row, column) {                                    // a disc as wide as the brush
    const reach = Math.floor(self.brush / 2);
    for (let r = Math.max(0, row - reach); r <= Math.min(rows - 1, row + reach); r++)
      for (let c = Math.max(0, column - reach); c <= Math.min(columns - 1, column + reach); c++)
        if (Math.hypot(r - row, c - column) <= self.brush / 2) cells[r * columns + c] = value;
  }
  self.begin = () => { undo.push(cells.slice()); if (undo.length > 50) undo.shift(); };
  self.line = ([r0, c0], [r1, c1]) => {                            // a fast hand leaves no gaps
    const steps = Math.max(Math.abs(r1 - r0), Math.abs(c1 - c0), 1);
    for (let i = 0; i <= steps; i++)
      stamp(Math.round(r0 + (r1 - r0) * i / steps), Math.round(c0 + (c1 - c0) * i / steps));
    draw();
    sending ??= setTimeout(send, 60);
  };
  self.finish = () => { model.set("strokes", model.get("strokes") + 1); send(); };
  self.undo = () => {
    if (!undo.length) return speak("nothing to undo", 0);
    cells = undo.pop();
    draw(); self.finish(); speak("undone", 0);
  };
  self.clear = () => { self.begin(); cells.fill(0); draw(); self.finish(); speak("cleared", 0); };
  self.nameAt = (row, column) => classes[cells[row * columns + column] - 1]?.name ?? "not painted";

  const group = newId();
  [...classes, { name: "eraser" }].forEach(({ name, colour }, i) => {
    const label = make("label", tools);
    const pick = make("input", label, { type: "radio", name: group, checked: i === 0 });
    pick.onchange = () => { value = (i + 1) % (classes.length + 1); };
    if (colour) make("span", label, { className: "swatch" }, { style: "background:" + colour });
    label.append(name);
  });
  const size = make("label", tools, { textContent: "Brush" });
  const widest = Math.max(self.brush, 2 * Math.floor(Math.min(rows, columns) / 4) + 1);
  const range = make("input", size, { type: "range", min: 1, max: widest, step: 2 });
  range.valueAsNumber = self.brush;
  range.oninput = () => { self.brush = range.valueAsNumber; brushChanged(); };
  make("button", tools, { textContent: "Undo", onclick: self.undo });
  make("button", tools, { textContent: "Clear", onclick: self.clear });

  const read = () => {
    const { buffer, byteOffset, byteLength } = model.get("painted");
    cells = new Uint8Array(buffer, byteOffset, byteLength).slice();
    draw();
  };
  model.on("change:painted", read);
  read();
  return self;
}
"""

_HANDS = """
function render({ model, el }) {
  const root = make("div", el, { className: "course-widget course-canvas" });
  const painting = model.get("paint").length > 0;
  const tools = painting && make("div", root, { className: "tools" },
                                 { role: "group", "aria-label": "Painting tools" });
  const stage = make("div", root, { className: "stage" });
  const speak = showPicture(model, stage, root);
  const rows = model.get("rows"), columns = model.get("columns");
  if (!rows) return;

  const [left, top, width, height] = model.get("box");             // of the grid, in parts of 1
  const help = make("div", root, { className: "help", id: newId() });
  help.textContent = model.get("help");
  stage.tabIndex = 0;
  stage.setAttribute("role", "application");
  stage.setAttribute("aria-label", model.get("label"));
  stage.setAttribute("aria-describedby", help.id);
  stage.classList.toggle("painting", painting);
  const layer = make("canvas", stage, { width: columns, height: rows, className: "layer" });
  const ring = make("div", stage, { className: "ring" });
  const percent = (part) => 100 * part + "%";
  const place = (element, x, y, w, h) => Object.assign(element.style, {
    left: percent(left + x * width), top: percent(top + y * height),
    width: percent(w * width), height: percent(h * height) });
  place(layer, 0, 0, 1, 1);
  layer.classList.toggle("lines", model.get("lines"));
  layer.style.backgroundSize = `${100 / columns}% ${100 / rows}%`;

  let row, column;                                                 // the cursor
  function moveTo(r, c) {
    row = Math.min(Math.max(r, 0), rows - 1);
    column = Math.min(Math.max(c, 0), columns - 1);
    const size = paint ? paint.brush : 1;
    place(ring, (column + 0.5) / columns, (row + 0.5) / rows, size / columns, size / rows);
    ring.classList.toggle("round", size > 3);
  }
  function tellWhere() {
    model.set("cursor", [row, column]);
    model.save_changes();
    speak(`row ${row}, column ${column}` + (paint ? ", " + paint.nameAt(row, column) : ""), 80);
  }
  function choose() {
    stage.classList.add("chosen");
    model.set("cursor", [row, column]);
    model.set("event", { row, column, count: (model.get("event").count ?? 0) + 1 });
    model.save_changes();
  }
  const paint = painting && startPainting(model, layer, tools, speak, () => moveTo(row, column));
  moveTo(...model.get("cursor"));
  model.on("change:cursor", () => moveTo(...model.get("cursor")));

  // Mouse, touch, pen.
  let last = null;                                                 // while a stroke is drawn
  const inside = ([r, c]) => r >= 0 && c >= 0 && r < rows && c < columns;
  const cellAt = (event) => {
    const area = stage.getBoundingClientRect();
    return [Math.floor(((event.clientY - area.top) / area.height - top) / height * rows),
            Math.floor(((event.clientX - area.left) / area.width - left) / width * columns)];
  };
  stage.onpointerdown = (event) => {
    const cell = cellAt(event);
    if (event.button || !inside(cell)) return;
    event.preventDefault();
    stage.focus({ preventScroll: true });
    moveTo(...cell);
    if (!paint) return choose();
    stage.setPointerCapture(event.pointerId);
    paint.begin();
    paint.line(cell, last = cell);
  };
  stage.onpointermove = (event) => {
    const cell = cellAt(event), passed = event.getCoalescedEvents?.() ?? [];
    if (last) [...passed.map(cellAt), cell].forEach((next) => paint.line(last, last = next));
    if (!inside(cell) || !(paint || model.get("hover"))) return;
    const moved = cell[0] !== row || cell[1] !== column;
    moveTo(...cell);
    if (moved && model.get("hover")) { model.set("cursor", cell); model.save_changes(); }
  };
  stage.onpointerup = stage.onpointercancel = () => { if (last) { last = null; paint.finish(); } };

  // Keyboard. Space held down while the arrows move paints a line.
  let held = false;
  stage.onkeydown = (event) => {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key === "z" && paint) paint.undo();
    else if (command || event.altKey) return;
    else if (event.key in STEPS) {
      const from = [row, column], far = event.shiftKey ? 5 : 1;
      moveTo(row + far * STEPS[event.key][0], column + far * STEPS[event.key][1]);
      if (held) paint.line(from, [row, column]);
      tellWhere();
    } else if (event.key === " " && paint) {
      if (!held) { paint.begin(); paint.line([row, column], [row, column]); tellWhere(); }
      held = true;
    } else if (event.key === " " || (event.key === "Enter" && !event.shiftKey)) {
      if (!event.repeat) choose();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const release = () => { if (held) { held = false; paint.finish(); } };
  stage.onkeyup = (event) => { if (event.key === " ") release(); };
  stage.onblur = release;
  keepKeys(root);
}
export default { render };
"""

_STYLE = """
.course-canvas .stage { position: relative; display: inline-block; max-width: 100%; margin: 4px;
  line-height: 0; }
.course-canvas .stage[hidden] { display: none; }
.course-canvas .stage[tabindex] { cursor: crosshair; user-select: none; }
.course-canvas .painting { touch-action: none; }
.course-canvas img { max-width: 100%; height: auto; }
.course-canvas .layer { position: absolute; image-rendering: pixelated; pointer-events: none; }
.course-canvas .lines { background-image: linear-gradient(to right, #0003 1px, transparent 1px),
  linear-gradient(#0003 1px, transparent 1px); }
.course-canvas .ring { position: absolute; min-width: 5px; min-height: 5px; opacity: 0;
  border: 2px solid #fff; outline: 2px solid #000; transform: translate(-50%, -50%);
  pointer-events: none; }
.course-canvas .ring.round { border-radius: 50%; }
.course-canvas .stage:is(:focus, :hover, .chosen) .ring { opacity: 1; }
.course-canvas .tools { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 14px;
  margin: 4px; }
.course-canvas .tools label { display: inline-flex; align-items: center; gap: 5px; }
.course-canvas .tools input { accent-color: var(--jp-brand-color1, #1976d2); margin: 0; }
.course-canvas .tools input[type=range] { width: 90px; }
.course-canvas .swatch { width: 14px; height: 14px; border: 1px solid #0008; border-radius: 2px; }
.course-canvas .caption { margin: 2px 4px; white-space: pre-line; }
.course-canvas .help { margin: 0 4px; color: var(--jp-ui-font-color2, #555); font-size: 0.92em; }
"""

MODULE = KEEP_KEYS + _PICTURE + _PAINT + _HANDS
STYLE = LOOK + _STYLE
