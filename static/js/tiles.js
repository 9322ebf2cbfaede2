// The tiles of one page: where the cursor stands, which are taken out, and rows for those who hear the page.
// Tiles that are in are "selected": the decision is about them.

const isIn = (tile) => tile.getAttribute("aria-selected") === "true";

export class Tiles {
  /** `changed` is called whenever tiles were taken out or put in. */
  constructor(grid, changed) {
    this.grid = grid;
    this.changed = changed;
    this.columns = 0;
    this.all = [...grid.querySelectorAll("[data-tile]")];
    this.cursor = this.all[0] ?? null;
    /** Where a range begins. */
    this.anchor = this.cursor;
    /** Without a picture nobody has seen what the tile shows; it cannot be decided here. */
    for (const tile of this.all) this.#watch(tile);
    if (this.cursor) this.cursor.tabIndex = 0;
    this.observer = new ResizeObserver(() => this.#layRows());
    this.observer.observe(grid);
  }

  /** To be called when the page is gone. */
  forget() {
    this.observer.disconnect();
  }

  get chosen() {
    return this.all.filter(isIn);
  }

  get out() {
    return this.all.filter((tile) => !isIn(tile));
  }

  isOut(tile) {
    return !isIn(tile);
  }

  tileOf(flag) {
    return this.all.find((tile) => tile.dataset.tile === String(flag));
  }

  /** Take a tile out or put it back in. */
  toggle(tile) {
    this.#set([tile], !isIn(tile));
    this.anchor = tile;
  }

  /** Give all tiles from the anchor to this one the state that the anchor has. */
  range(tile) {
    const [from, to] = [this.all.indexOf(this.anchor), this.all.indexOf(tile)].sort((a, b) => a - b);
    this.#set(this.all.slice(Math.max(from, 0), to + 1), this.anchor ? isIn(this.anchor) : false);
  }

  putAllIn() {
    this.#set(this.all, true);
  }

  takeAllOut() {
    this.#set(this.all, false);
  }

  /** Take out the tiles of these flags. */
  takeOut(flags) {
    this.#set(flags.map((flag) => this.tileOf(flag)).filter(Boolean), false);
  }

  /** Remove the tiles of flags that are decided already. */
  drop(flags) {
    for (const flag of flags) this.tileOf(flag)?.remove();
    this.all = this.all.filter((tile) => tile.isConnected);
    if (!this.all.includes(this.cursor)) this.cursor = this.all[0] ?? null;
    this.anchor = this.cursor;
    if (this.cursor) this.cursor.tabIndex = 0;
    this.columns = 0;
    this.#layRows();
    this.changed();
  }

  /** Put the cursor on a tile. */
  go(tile, { focus = true } = {}) {
    if (!tile) return;
    if (this.cursor) this.cursor.tabIndex = -1;
    this.cursor = tile;
    tile.tabIndex = 0;
    if (focus) tile.focus();
  }

  /** The tile so many steps away from another; null beyond the edges. */
  beside(tile, right, down = 0) {
    return this.all[this.all.indexOf(tile) + right + down * Math.max(this.columns, 1)] ?? null;
  }

  #set(tiles, wanted) {
    for (const tile of tiles) tile.setAttribute("aria-selected", String(wanted && !tile.dataset.unseen));
    this.changed();
  }

  #watch(tile) {
    const image = tile.querySelector("img");
    const lose = () => {
      tile.dataset.unseen = "1";
      tile.setAttribute("aria-selected", "false");
      this.changed();
    };
    if (!image || (image.complete && image.currentSrc && !image.naturalWidth)) {
      tile.dataset.unseen = "1";
      tile.setAttribute("aria-selected", "false");
    } else {
      image.addEventListener("error", lose, { once: true });
    }
  }

  /** As many tiles in a row as are seen in a row. */
  #layRows() {
    const columns = getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
    if (columns === this.columns) return;
    this.columns = columns;
    const focused = this.grid.contains(document.activeElement) ? document.activeElement : null;
    const rows = [];
    for (let start = 0; start < this.all.length; start += columns) {
      const row = document.createElement("div");
      row.className = "tile-row";
      row.setAttribute("role", "row");
      row.append(...this.all.slice(start, start + columns));
      rows.push(row);
    }
    this.grid.replaceChildren(...rows);
    focused?.focus({ preventScroll: true });
  }
}
