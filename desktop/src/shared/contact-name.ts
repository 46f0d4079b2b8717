/**
 * Rules for names and notes of contacts. Names appear in sentences about authority, so a name must not hide characters, change the direction of text, or
 * read like a word of the app ("you").
 *
 * @module
 */

/** Controls, line and paragraph separators, private and unassigned characters, halves of pairs. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]/u
/** Direction marks, fillers and other invisible characters. The joiners U+200C and U+200D and variation selectors are allowed: scripts and emoji need them. */
const INVISIBLE = /(?!\u200C|\u200D|\p{Variation_Selector})(?:\p{Cf}|\p{Default_Ignorable_Code_Point}|\u2800)/u
const IN_A_NOTE = /[\n\t]/u
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u

/** Words of the app for people. */
const RESERVED_WORDS = new Set([
  'you',
  'yourself',
  'me',
  'myself',
  'i',
  'nobody',
  'somebody',
  'everybody',
  'erased',
  'mandate',
])
/** How the app's words for people without a name begin. */
const UNNAMED = ['a person you', 'somebody unnamed']
/** Scripts with lookalike letters: a word must not mix them. */
const ALIKE = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u]

/**
 * Checks a name.
 *
 * @param taken - Further reserved words: the titles of agents.
 * @returns The objection as a text for the person, or `undefined`.
 */
export function nameObjection(name: string, taken: readonly string[] = []): string | undefined {
  if (CONTROL.test(name)) return 'It has a control character in it.'
  if (INVISIBLE.test(name)) return 'It has a character in it that cannot be seen, or turns the direction of a text.'
  if (!VISIBLE.test(name)) return 'It has no visible character.'
  const isMixed = name.split(/[\s\p{P}]+/u).some((word) => ALIKE.filter((script) => script.test(word)).length > 1)
  if (isMixed) return 'One of its words has letters of several scripts that look alike.'
  const read = asRead(name)
  const isOwn =
    RESERVED_WORDS.has(read) || UNNAMED.some((words) => read.startsWith(words)) || taken.map(asRead).includes(read)
  return isOwn ? 'The app uses that word for a person already. Choose another.' : undefined
}

/** Checks a note, which may have several lines. @returns The objection, or `undefined`. */
export function noteObjection(note: string): string | undefined {
  const text = note.replaceAll(new RegExp(IN_A_NOTE, 'gu'), '')
  if (CONTROL.test(text)) return 'It has a control character in it.'
  return INVISIBLE.test(text)
    ? 'It has a character in it that cannot be seen, or turns the direction of a text.'
    : undefined
}

/** Shows a stored name. One that {@link nameObjection} refuses is put in quotation marks, with invisible characters escaped. */
export function shownName(name: string, taken: readonly string[] = []): string {
  return nameObjection(name, taken) === undefined ? name : `“${writtenOut(name)}”`
}

/** Shows a stored note; invisible characters of one that {@link noteObjection} refuses are escaped. */
export function shownNote(note: string): string {
  return noteObjection(note) === undefined ? note : writtenOut(note)
}

function writtenOut(text: string): string {
  let out = ''
  for (const character of text) {
    const isHidden = (CONTROL.test(character) && !IN_A_NOTE.test(character)) || INVISIBLE.test(character)
    out += isHidden ? `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]` : character
  }
  return out
}

/**
 * Greek, Cyrillic and other letters that look like Latin ones (Unicode TR 39, confusables), capital and small: `Υου` is all Greek. Used only to
 * compare names with reserved words.
 */
const LIKE_LATIN: ReadonlyMap<string, string> = new Map(
  [
    ['a', 'аαΑА'],
    ['b', 'ВΒ'],
    ['d', 'ԁ'],
    ['e', 'еЕΕҽ'],
    ['h', 'һНΗ'],
    ['i', 'іІιΙӀӏ'],
    ['k', 'κкКΚ'],
    ['m', 'мМΜ'],
    ['n', 'ΝՈո'],
    ['o', 'оОοΟσՕօⲞⲟꓳ'],
    ['r', 'г'],
    ['s', 'ѕЅՏ'],
    ['t', 'тТτΤ'],
    ['u', 'υՍսꓴ'],
    ['v', 'νѵѴ'],
    ['y', 'уУүҮΥγꓬʏ'],
  ].flatMap(([latin = '', alike = '']) => [...alike].map((letter) => [letter, latin] as const)),
)

/** Skeleton of a text for comparison: NFKD, lookalike letters mapped to Latin, without joiners, marks and case, spaces collapsed. */
const asRead = (text: string): string =>
  Array.from(text.normalize('NFKD'), (letter) => LIKE_LATIN.get(letter) ?? letter)
    .join('')
    .replaceAll(/\u200C|\u200D|\p{M}/gu, '')
    .replaceAll(/[\s\p{P}\p{S}]+/gu, ' ')
    .trim()
    .toLowerCase()
