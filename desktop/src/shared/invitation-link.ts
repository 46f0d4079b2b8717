/**
 * Invitations as links: `mandate://invitation#<code>`. The code stands behind the `#`, which no server and no log is ever sent.
 *
 * @module
 */
const CODE = /^[\w-]{1,128}$/u
const START = 'mandate://invitation'

export const linkOfInvitation = (code: string): string => `${START}#${code}`

/** The code of a link, or of what was typed in; `undefined` when it is neither. */
export function invitationCodeIn(text: string): string | undefined {
  const trimmed = text.trim()
  if (CODE.test(trimmed)) return trimmed
  const code = /^mandate:\/\/invitation\/?#(?<code>[\w-]+)$/u.exec(trimmed)?.groups?.['code']
  return code !== undefined && CODE.test(code) ? code : undefined
}
