/**
 * Commands for the terminal that read the decision logs of a demo. Pure.
 *
 * @module
 */

const AUDIT = 'npm run --silent mandate-audit --'

/**
 * Commands that list what the agent did, show one decision, and verify every log.
 *
 * @param id - Of the decision.
 * @param folders - Data folders of several PDPs: the enforcement points ask them in turn, so each log has a part of the entries. Empty for one PDP.
 */
export function auditCommands(id: string, folders: readonly string[]): readonly string[] {
  if (folders.length === 0) {
    const log = '--dir "$(npm run --silent where -- log)"'
    return [
      `${AUDIT} query ${log} --actor agent:booking-agent`,
      `${AUDIT} show ${log} ${id}`,
      `${AUDIT} verify ${log} --key "$(npm run --silent where -- key)"`,
    ]
  }
  const each = `for PDP in ${folders.map((folder) => `"${folder}"`).join(' ')}; do`
  return [
    `${each} ${AUDIT} query --dir "$PDP/log" --actor agent:booking-agent; done`,
    `${each} ${AUDIT} show --dir "$PDP/log" ${id} 2>/dev/null; done`,
    `${each} ${AUDIT} verify --dir "$PDP/log" --key "$PDP/log.vkey"; done`,
  ]
}
