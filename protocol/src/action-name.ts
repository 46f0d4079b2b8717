/**
 * Names of actions: one grammar for manifests, guards of a PEP, grants and command lines.
 *
 * @module
 */
import { z } from 'zod'

/** Maximum length of an action's name, in characters. */
export const MAX_ACTION_NAME = 63
const FIRST = 'A-Za-z'
const OTHER = `${FIRST}0-9_.:/\\-`

/**
 * Source of the regular expression of an action's name, without anchors: `read`, `GET`, `ownerID`, `document.read`, `todo:create`, `tools/call`.
 * AuthZEN 1.0 allows any string; a name without spaces can also be written in one line of a case file or of a command.
 */
export const ACTION_NAME = `[${FIRST}][${OTHER}]{0,${MAX_ACTION_NAME - 1}}`

/**
 * Schema of an action's name that a person declares or gives. Requests for a decision accept any string instead: an action that no manifest declares
 * is denied, not refused.
 */
export const actionNameSchema = z
  .string()
  .regex(
    new RegExp(`^${ACTION_NAME}$`, 'u'),
    `must be 1–${MAX_ACTION_NAME} characters: a letter, then letters, digits, "_", ".", ":", "/" or "-"`,
  )
