// What the person did in this tab, oldest first: decisions about one flag ({token, flag, ...}) and batches of the grid
// ({token, out, ...}). Both pages share the list, so that "undo" takes back what was done last, wherever that was.
import { outbox } from "./outbox.js";

const KEY = `catalog-audit.made.${outbox.user}`;
const KEPT = 200;

const load = () => JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
const keep = (list) => sessionStorage.setItem(KEY, JSON.stringify(list.slice(-KEPT)));

export const lastMade = () => load().at(-1);

export const remember = (act) => keep([...load(), act]);

/** The latest act, which is forgotten by that; undefined when there is none. */
export function takeLastMade() {
  const list = load();
  const last = list.pop();
  keep(list);
  return last;
}

/** Forget an act of which nothing was stored. */
export const forgetMade = (token) => keep(load().filter((act) => act.token !== token));
