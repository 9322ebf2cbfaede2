// The two layouts of a Russian keyboard: what was typed, as the other one would have had it.

const LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.";
const RUSSIAN = "ёйцукенгшщзхъфывапролджэячсмитьбю";

const other = new Map([
  ...[...LATIN].map((letter, place) => [letter, RUSSIAN[place]]),
  ...[...RUSSIAN].map((letter, place) => [letter, LATIN[place]]),
]);

/** "xthysq" -> "черный", "идфсл" -> "black"; what is in neither layout stays. */
export function inOtherLayout(text) {
  return [...text.toLowerCase()].map((letter) => other.get(letter) ?? letter).join("");
}
