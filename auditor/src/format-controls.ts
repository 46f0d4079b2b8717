/**
 * Text from elsewhere, made safe for a terminal.
 *
 * @module
 */

/** Escapes control, format and other invisible characters, which could move the cursor or reverse the direction of text. */
export function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  })
}
