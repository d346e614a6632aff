/** Text that a site or a vault wrote, made fit to stand in a window of ours. It is only ever set by `textContent`. */

const LONGEST = 64;

/** One line, without what controls the line or its direction, cut to a sane length. */
export function siteText(text: string, longest = LONGEST): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  const characters = [...plain];
  return characters.length <= longest ? plain : `${characters.slice(0, longest - 1).join('')}…`;
}

/** The text in an element that keeps its direction of writing to itself. */
export function isolated(text: string): HTMLElement {
  const element = document.createElement('bdi');
  element.textContent = text;
  return element;
}
